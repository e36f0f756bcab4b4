// One archive for a machine that has a GPU and its driver, but neither Node nor network: npm run gpu:pack [-- FOLDER...]
// Puts Node itself, dist/, the addon, the packages that its programs import, gpu/*.sh, the other side's scripts and reference data (each FOLDER below
// goldens/) into .gpu/umbel-gpu.tar.xz, at most 40 MiB, once every program was seen to start from there. There: tar xJf umbel-gpu.tar.xz && umbel-gpu/gpu/test.sh
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const LIMIT_MIB = 40;

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".gpu");
const archive = join(folder, "umbel-gpu.tar.xz");

function fail(message) {
  console.error(`gpu pack: ${message}`);
  process.exit(1);
}

const addon = join(root, "native/build/Release/umbel.node");
for (const path of [addon, join(root, "dist")]) {
  if (!existsSync(path)) fail(`Expected ${path}, got none. Run \`npm ci\`.`);
}

const { importClosure } = await import("../dist/scripts/gpu-pack/import-closure.js");
const { programFiles, registeredFiles } = await import("../dist/scripts/gpu-pack/programs.js");

/** Fails unless all that the unpacked archive runs is in it and loads. */
async function checkPack(pack) {
  const dist = join(pack, "dist");
  const programs = programFiles(dist);
  const registered = registeredFiles(dist);
  await importClosure([...programs, ...registered]).catch((error) => fail(error.message));
  const node = (args) => spawnSync(join(pack, "node"), args, { cwd: pack, encoding: "utf8" });
  const urls = registered.map((path) => pathToFileURL(path).href);
  const load = `for (const url of ${JSON.stringify(urls)}) await import(url);`;
  const loaded = node(["--input-type=module", "--eval", load]);
  if (loaded.status !== 0) fail(`Expected nodes and models to load, got ${loaded.stderr}`);
  for (const program of programs) {
    // No program knows this option: each complains of it, or shows its usage, once all its imports are there.
    const { status, stderr } = node([program, "--no-such-option"]);
    if (status === null || /ERR_(MODULE|PACKAGE|DLOPEN|UNSUPPORTED)|SyntaxError/.test(stderr))
      fail(`Expected ${program} to start, got ${stderr}`);
  }
}

const work = mkdtempSync(join(tmpdir(), "umbel-gpu-"));
try {
  const pack = join(work, "umbel-gpu");
  mkdirSync(join(pack, "native/build/Release"), { recursive: true });
  cpSync(process.execPath, join(pack, "node"));
  cpSync(addon, join(pack, "native/build/Release/umbel.node"));
  execFileSync("strip", [join(pack, "node"), join(pack, "native/build/Release/umbel.node")]);
  cpSync(join(root, "package.json"), join(pack, "package.json"));
  for (const part of ["gpu", "scripts/attention-masks.js", "scripts/gpu-bench/reference"]) {
    cpSync(join(root, part), join(pack, part), { recursive: true });
  }
  for (const part of ["native", "runtime", "scripts", "nodes", "package.json"]) {
    cpSync(join(root, "dist", part), join(pack, "dist", part), {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts|tsbuildinfo)$/.test(path),
    });
  }
  const sources = join(root, "dist");
  const closure = await importClosure([...programFiles(sources), ...registeredFiles(sources)]);
  for (const [name, from] of closure.packages) {
    cpSync(from, join(pack, "node_modules", name), {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts|d\.cts|d\.mts|md)$/.test(path),
    });
  }
  await checkPack(pack);
  for (const data of process.argv.slice(2)) {
    cpSync(data, join(pack, "goldens", basename(data)), { recursive: true });
  }
  mkdirSync(folder, { recursive: true });
  rmSync(archive, { force: true });
  execFileSync("tar", ["-C", work, "-cJf", archive, "umbel-gpu"], {
    env: { ...process.env, XZ_OPT: "-6 -T0" },
    stdio: "inherit",
  });
} finally {
  rmSync(work, { recursive: true, force: true });
}
const mib = statSync(archive).size / 2 ** 20;
if (mib > LIMIT_MIB)
  fail(`Expected at most ${LIMIT_MIB} MiB, got ${mib.toFixed(1)}. Pack fewer FOLDERs.`);
console.log(`${archive}: ${mib.toFixed(1)} MiB`);
