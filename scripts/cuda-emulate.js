// Runs CUDA kernels on the CPU against double precision, where there is no GPU: node scripts/cuda-emulate.js [PART], PART one
// of norms, linears, float8, hopper (products), convolutions, attention, upsampling.
// Needs g++ and the headers of the CUDA toolkit. What it can and cannot find: native/cuda/test/emulate/cuda_on_host.h
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const native = fileURLToPath(new URL("../native", import.meta.url));
const toolkit = process.env.CUDA_PATH || "/usr/local/cuda";
const KERNELS = [
  "portable/row_norm.cu",
  "portable/row_norm_aligned.cu",
  "portable/cast.cu",
  "portable/upsample2x.cu",
  "portable/conv3d.cu",
  "portable/quantize_rows.cu",
  "portable/linear_product.cu",
  "portable/attention_wide.cu",
  "sm90/conv3d.cu",
  "sm90/linear.cu",
  "conv3d.cc",
  "linear.cc",
];
// Host headers that stay as they are.
const HOST = /^cuda\/(attention|context|cublaslt|cublaslt_api|conv3d|linear)\.h$/;
const PTX = /#include "cuda\/ptx\/[^"]+"/g;

if (!existsSync(join(toolkit, "include/cuda_runtime_api.h"))) {
  console.error(`Expected the CUDA toolkit in ${toolkit}, got none. Name it in CUDA_PATH.`);
  process.exit(1);
}

const work = mkdtempSync(join(tmpdir(), "umbel-emulate-"));
const rewritten = new Map();

/** A kernel source as C++ for the host, with all that it includes; gives its path. */
function rewrite(path) {
  const known = rewritten.get(path);
  if (known !== undefined) return known;
  const target = join(work, path);
  rewritten.set(path, target);
  let text = readFileSync(join(native, path), "utf8");
  if (path.startsWith("cuda/sm90/linear")) {
    // Apart from the other file's Work, Tile and so on.
    text = text.replace(/^namespace \{/gm, "namespace of_linear {");
  }
  text = text.replace(
    /([\w:]+(?:<[^;{}()<>]*>)?)<<<([\s\S]*?)>>>\(/g,
    (_, kernel, shape) =>
      `emulated::Launch(${shape}).run([&](const auto&... given) { ${kernel}(given...); }, `,
  );
  text = text.replace(/asm volatile\("prefetch[^)]*\) : "memory"\);/g, ";");
  text = text.replace(PTX, `#include "cuda/test/emulate/hopper_on_host.h"`);
  text = text.replace(
    /extern __shared__ (?:__align__\(128\) )?uint8_t (\w+)\[\];/,
    "uint8_t* $1 = emulated::shared_memory();",
  );
  if (path.endsWith("mma_gemm.cuh")) {
    const from = text.indexOf("__device__ __forceinline__ uint32_t shared_address");
    const to = text.indexOf("// Byte offset of piece");
    const host = `#include "cuda/test/emulate/mma_on_host.h"\n`;
    text = `${text.slice(0, from)}${host}${text.slice(to)}`;
  }
  text = text.replace(/#include "(cuda\/[^"]+\.c?u?h)"/g, (line, name) =>
    HOST.test(name) || name.includes("test/emulate") ? line : `#include "${rewrite(name)}"`,
  );
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  return target;
}

try {
  // All in one translation unit; what several files call by one name is told apart.
  const includes = KERNELS.map(
    (name, i) =>
      `#define is_aligned is_aligned_${i}\n` +
      `#include "${rewrite(`cuda/${name}`)}"\n#undef is_aligned`,
  );
  writeFileSync(join(work, "kernels.h"), `${includes.join("\n")}\n`);
  const program = join(work, "check");
  const flags = ["-std=c++20", "-O1", "-g1", "-w", `-I${work}`, `-I${native}`];
  const source = join(native, "cuda/test/emulate/check.cc");
  execFileSync("g++", [...flags, `-I${toolkit}/include`, source, "-o", program], {
    stdio: "inherit",
  });
  execFileSync(program, process.argv.slice(2), { stdio: "inherit" });
} catch {
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
