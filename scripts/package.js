// Makes the desktop app's package in output/package. `npm run package -- --linux dir` makes the unpacked app alone, which
// needs no network when ELECTRON_OVERRIDE_DIST_PATH names an unpacked Electron; AppImage and deb fetch their tools.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const electron = process.env.ELECTRON_OVERRIDE_DIST_PATH;
const flags = process.argv.slice(2);

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

run(join(root, "scripts/build.js"));
run(join(root, "scripts/build-window.js"));

const builder = createRequire(import.meta.url).resolve("electron-builder/package.json");
const cli = join(dirname(builder), "cli.js");

if (electron) {
  // Without its own start page, which electron-builder expects to be one file and no package needs.
  const copy = mkdtempSync(join(tmpdir(), "umbel-electron-"));
  process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
  cpSync(electron, copy, { recursive: true, filter: (path) => !path.endsWith("default_app.asar") });
  const version = readFileSync(join(electron, "version"), "utf8").trim();
  flags.push(`-c.electronDist=${copy}`, `-c.electronVersion=${version}`);
}
run(cli, ...flags, "--publish", "never");
