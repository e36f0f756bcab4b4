/**
 * node dist/scripts/gpu-model/make-weights.js FOLDER [--family wan|hunyuan|mochi|wan22] [--only WORD]...: random weights of a
 * family's published files in ComfyUI's folders below FOLDER. Wan 2.1 14B (the default), its autoencoder, UMT5-XXL with the
 * tokeniser of the bundled model and a LoRA of rank 64 take 40 GiB, HunyuanVideo 25, Mochi 20, Wan 2.2 TI2V 12.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UmbelError } from "#runtime/errors";
import { loadFamilies } from "#runtime/engine/models/families";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { isModelSetName, MODEL_SETS } from "./model-sets.ts";
import { writeRandomCheckpoint } from "./random-checkpoint.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    family: { type: "string", default: "wan" },
    only: { type: "string", multiple: true, default: [] },
    models: { type: "string", default: "models" },
  },
});
const [folder] = positionals;
if (folder === undefined)
  throw new UmbelError("ERR_USAGE", "Expected the folder to fill, got none.");
const { family, only } = values;
if (!isModelSetName(family)) {
  const known = Object.keys(MODEL_SETS).join(", ");
  throw new UmbelError("ERR_USAGE", `Expected one of ${known} as the family, got ${family}.`);
}
const families = await loadFamilies();

function tokenizer(): Record<string, Uint8Array> {
  const path = join(values.models, "text_encoders/umbel_tiny_umt5_bf16.safetensors");
  using file = openCheckpoint(path);
  return { spiece_model: Uint8Array.from(file.read("spiece_model")) };
}

for (const [name, tensors] of Object.entries(MODEL_SETS[family].files)) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) continue;
  const path = join(folder, name);
  if (existsSync(path)) continue;
  const start = performance.now();
  writeRandomCheckpoint(path, tensors(families), name.includes("umt5") ? tokenizer() : {});
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
