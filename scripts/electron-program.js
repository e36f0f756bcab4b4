// Where Electron is. Its npm package fetches the program itself on first use, from Electron's release page.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** `{ program, reason }`: a path, or null and why there is none. */
export function electronProgram() {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (folder) {
    const program = join(folder, process.platform === "win32" ? "electron.exe" : "electron");
    if (existsSync(program)) return { program, reason: null };
    return {
      program: null,
      reason: `Expected an Electron in ELECTRON_OVERRIDE_DIST_PATH, got no ${program}. Unset it, or name a folder that holds one.`,
    };
  }
  try {
    return { program: createRequire(import.meta.url)("electron"), reason: null };
  } catch (error) {
    return {
      program: null,
      reason:
        "Expected Electron, got none: it is fetched on first use from its release page, which was not reached.\n" +
        "Start again with a network, or name the folder of an unpacked Electron in ELECTRON_OVERRIDE_DIST_PATH.\n" +
        `(${error instanceof Error ? error.message : String(error)})`,
    };
  }
}
