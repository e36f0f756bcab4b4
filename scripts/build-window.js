// Bundles what runs in the desktop app's window: the page and its preload script. `--if-stale`: only when a source is newer.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = ["renderer", "electron", "runtime/graph", "runtime/protocol", "package-lock.json"];
const OUTPUTS = ["dist/renderer/index.html", "dist/electron/preload.cjs"];

function newest(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function isFresh() {
  const outputs = OUTPUTS.map((path) => join(root, path));
  if (!outputs.every((path) => existsSync(path))) return false;
  const built = Math.min(...outputs.map((path) => statSync(path).mtimeMs));
  return SOURCES.every((path) => newest(join(root, path)) < built);
}

/** One CommonJS file: a sandboxed preload script can load nothing but Electron. */
const preload = {
  configFile: false,
  root: join(root, "electron"),
  logLevel: "warn",
  build: {
    outDir: join(root, "dist/electron"),
    emptyOutDir: false,
    target: "chrome130",
    lib: {
      entry: join(root, "electron/preload.ts"),
      formats: ["cjs"],
      fileName: () => "preload.cjs",
    },
    rolldownOptions: { external: ["electron"] },
  },
};

if (!(process.argv.includes("--if-stale") && isFresh())) {
  await build({ configFile: join(root, "vite.config.ts"), logLevel: "warn" });
  await build(preload);
}
