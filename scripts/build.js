// Compiles all TypeScript projects to dist/, which mirrors the sources, and drops outputs whose source is gone.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

function dropStaleOutputs() {
  const output = /\.(js|d\.ts)(\.map)?$/;
  for (const path of readdirSync(dist, { recursive: true })) {
    // types/ and renderer*/ come from sources of other names.
    if (!output.test(path) || /^(types|renderer)/.test(path)) continue;
    if (!existsSync(join(root, path.replace(output, ".ts")))) rmSync(join(dist, path));
  }
}

/** The compiler remembers which modules it did not find; what was installed since would stay missing. */
function dropStaleMemory() {
  const installed = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return;
  const since = statSync(installed).mtimeMs;
  for (const path of readdirSync(dist, { recursive: true })) {
    if (!path.endsWith(".tsbuildinfo")) continue;
    if (statSync(join(dist, path)).mtimeMs < since) rmSync(join(dist, path));
  }
}

/** The same `#` names as in the sources' package.json, mapped to the compiled files. */
function writeManifest() {
  const { name, version, imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const compiled = Object.entries(imports).map(([key, path]) => [
    key,
    path.replace(/\.ts$/, ".js"),
  ]);
  const manifest = {
    name,
    version,
    private: true,
    type: "module",
    imports: Object.fromEntries(compiled),
  };
  writeFileSync(join(dist, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

const tsc = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);
mkdirSync(dist, { recursive: true });
writeManifest();
dropStaleOutputs();
dropStaleMemory();
const { status } = spawnSync(process.execPath, [tsc, "-b"], { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);
