/**
 * node dist/scripts/gpu-bench/main.js [--only WORD]... [--json FILE]: times of single ops on the GPU, element-wise ones as a
 * share of the copy bandwidth measured in the same run. UMBEL_CUBLASLT=none times our own matrix kernels, UMBEL_LINEAR=cublaslt
 * the library's, UMBEL_ATTENTION=portable the attention of GPUs other than Hopper.
 */
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openDevice } from "#runtime/tensor/devices";
import { cudaInfo } from "#runtime/tensor/cuda-device";
import { attentionRows } from "./attention-rows.ts";
import { measureRow } from "./bench-row.ts";
import { ROWS } from "./rows.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
  },
});
const device = openDevice("cuda");
const { name, matrixLibrary } = cudaInfo();
console.log(`${name}, ${device.isa} kernels, ${matrixLibrary}`);
const { UMBEL_ATTENTION: attentionPath = "fastest", UMBEL_CUBLASLT, UMBEL_LINEAR } = process.env;
const linearPath = UMBEL_CUBLASLT === "none" ? "own" : (UMBEL_LINEAR ?? "fastest");
let copyRate = NaN;
const isWanted = (name: string) =>
  values.only.length === 0 ||
  values.only.some((word) => name.includes(word) || word.startsWith(name));
const rows = isWanted("attention") ? [...ROWS, ...attentionRows()] : ROWS;
for (const row of rows) {
  const wanted = isWanted(row.name);
  if (!wanted && !row.name.startsWith("copy")) continue;
  const result = await measureRow(row, device);
  if (row.name.startsWith("copy")) copyRate = result.gigabytesPerSecond ?? NaN;
  const share = (100 * (result.gigabytesPerSecond ?? NaN)) / copyRate;
  const rate =
    result.teraflops === undefined
      ? `${(result.gigabytesPerSecond ?? NaN).toFixed(0)} GB/s, ${share.toFixed(0)} % of copy`
      : `${result.teraflops.toFixed(0)} TFLOP/s`;
  console.log(
    `${row.name.padEnd(40)} ${row.size.padEnd(28)} ${result.ms.toFixed(3).padStart(9)} ms  ` +
      (result.failure ?? rate),
  );
  if (values.json !== undefined) {
    const paths = { matrixLibrary, linearPath, attentionPath };
    const line = { device: name, ...paths, ...result, copyShare: share / 100 };
    appendFileSync(values.json, `${JSON.stringify(line)}\n`);
  }
}
