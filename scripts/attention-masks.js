/**
 * Writes the block lists that native/cuda/test/attention_check --bench and scripts/gpu-bench/reference read: node scripts/attention-masks.js FOLDER.
 * A file is int32: rows, entries, row starts (rows + 1), columns.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { radialMask } from "../dist/runtime/attention/radial.js";

const folder = process.argv[2];
if (folder === undefined) {
  console.error("Expected a folder to write to, got none.");
  process.exit(2);
}

const wan = { tokensPerFrame: 3840, frames: 18, textTokens: 0, decayFactor: 0.2, kind: "wan" };
const hunyuan = { textTokens: 256, decayFactor: 0.95, blockSize: 128, kind: "hunyuan" };
const geometries = {
  "wan-radial-b128": { ...wan, blockSize: 128 },
  "wan-radial-b64": { ...wan, blockSize: 64 },
  "wan-77-radial-b128": { ...wan, frames: 20, blockSize: 128 },
  "mochi-radial-b128": { ...hunyuan, tokensPerFrame: 1590, frames: 28 },
  "hunyuan-radial-b128": { ...hunyuan, tokensPerFrame: 3840, frames: 30 },
  "hunyuan-long-radial-b128": {
    ...hunyuan,
    tokensPerFrame: 3600,
    frames: 128,
    textTokens: 0,
    decayFactor: 1,
  },
};

mkdirSync(folder, { recursive: true });
for (const [name, geometry] of Object.entries(geometries)) {
  const { rowPtr, col } = radialMask(geometry);
  const head = Int32Array.of(rowPtr.length - 1, col.length);
  const parts = [head, rowPtr, col].map((list) => new Uint8Array(list.buffer, 0, list.byteLength));
  writeFileSync(join(folder, `${name}.bin`), Buffer.concat(parts));
}
