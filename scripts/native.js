// Compiles the native addon with cmake-js. Usage: node scripts/native.js [--debug] [--if-stale] [--no-cuda]
//   --debug     Debug configuration instead of Release
//   --if-stale  does nothing when the built addon is newer than every native source
//   --no-cuda   leaves the CUDA kernels out, which are otherwise compiled where nvcc is found; so does UMBEL_CUDA=OFF
// Environment: UMBEL_CUDA_ARCHS names the GPUs to compile for (80;86;89;90a;100;120 for a release; by default this
// machine's, else 90a); CI=1 turns warnings into errors; UMBEL_SANITIZE=1 adds ASan and UBSan (native/build/Sanitize).
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const native = fileURLToPath(new URL("../native", import.meta.url));
const debug = process.argv.includes("--debug");
const sanitize = Boolean(process.env.UMBEL_SANITIZE);
const config = debug ? "Debug" : "Release";
// Release objects lie in native/build, those of other variants in a folder below it, so that none rebuilds another.
const variant = sanitize ? `Sanitize/${config}` : debug ? config : "";
const out = join(native, "build", variant);
const addon = join(out, variant === "" ? config : "", "umbel.node");

function fail(message) {
  console.error(`native build: ${message}`);
  process.exit(1);
}

function newestSource() {
  return readdirSync(native, { recursive: true })
    .filter(
      (path) =>
        /(\.(cc|h|cu|cuh)|CMakeLists\.txt|\.cmake)$/.test(path) && !path.startsWith("build"),
    )
    .reduce((newest, path) => Math.max(newest, statSync(join(native, path)).mtimeMs), 0);
}

if (process.argv.includes("--if-stale") && existsSync(addon)) {
  if (statSync(addon).mtimeMs > newestSource()) process.exit(0);
}

if (spawnSync("cmake", ["--version"]).error !== undefined) {
  fail("Expected cmake (3.20 or newer) and a C++20 compiler, got no cmake. Install cmake and g++.");
}

const { BuildSystem } = await import("cmake-js").catch(() =>
  fail("Expected cmake-js in node_modules, got none. Run `npm ci` with development dependencies."),
);
const build = new BuildSystem({
  directory: native,
  out,
  debug,
  parallel: 2,
  cMakeOptions: {
    UMBEL_WERROR: process.env.CI ? "ON" : "OFF",
    UMBEL_SANITIZE: sanitize ? "ON" : "OFF",
    UMBEL_CUDA: process.argv.includes("--no-cuda") ? "OFF" : process.env.UMBEL_CUDA || "AUTO",
    UMBEL_CUDA_ARCHS: process.env.UMBEL_CUDA_ARCHS || "",
  },
});
// cmake-js looks for "binary.napi_versions" beside CMakeLists.txt, where no package.json may be: it would cut the `#`
// imports of native/index.ts off. Without this it downloads Node's headers instead of using node-api-headers.
build.options.isNodeApi = true;

try {
  await build.configure(); // also when it was configured with other options
  await build.compile();
} catch {
  fail("Expected the addon to compile, got the errors above.");
}
