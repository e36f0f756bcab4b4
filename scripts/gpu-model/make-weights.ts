/**
 * node dist/scripts/gpu-model/make-weights.js FOLDER [--only WORD]...: random weights of Wan 2.1 14B, its VAE, UMT5-XXL and a
 * LoRA of rank 64 in ComfyUI's folders below FOLDER, 40 GiB in all, with the tokeniser of the bundled model.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UmbelError } from "#runtime/errors";
import { loadFamilies } from "#runtime/engine/models/families";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { loraSpecs, publishedTensors, writeRandomCheckpoint } from "./random-checkpoint.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", multiple: true, default: [] },
    models: { type: "string", default: "models" },
  },
});
const [folder] = positionals;
if (folder === undefined)
  throw new UmbelError("ERR_USAGE", "Expected the folder to fill, got none.");
const families = await loadFamilies();
const transformer = publishedTensors(families, "wan", /^Wan 14B$/);

function tokenizer(): Record<string, Uint8Array> {
  const path = join(values.models, "text_encoders/umbel_tiny_umt5_bf16.safetensors");
  using file = openCheckpoint(path);
  return { spiece_model: Uint8Array.from(file.read("spiece_model")) };
}

const FILES: Readonly<Record<string, (path: string) => void>> = {
  "diffusion_models/wan2.1_t2v_14B_bf16.safetensors": (path) =>
    writeRandomCheckpoint(path, transformer),
  "loras/rank64.safetensors": (path) => writeRandomCheckpoint(path, loraSpecs(transformer, 64)),
  "vae/wan_2.1_vae.safetensors": (path) =>
    writeRandomCheckpoint(path, publishedTensors(families, "wan-vae", /2\.1/)),
  "text_encoders/umt5_xxl_bf16.safetensors": (path) =>
    writeRandomCheckpoint(path, publishedTensors(families, "umt5", /XXL/), tokenizer()),
};
for (const [name, write] of Object.entries(FILES)) {
  if (values.only.length > 0 && !values.only.some((word) => name.includes(word))) continue;
  const path = join(folder, name);
  if (existsSync(path)) continue;
  const start = performance.now();
  write(path);
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
