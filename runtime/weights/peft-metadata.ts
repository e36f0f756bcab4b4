/**
 * What tools write into the metadata of a LoRA, among it the alpha that other formats keep in tensors: diffusers
 * (`lora_adapter_metadata`, peft's settings under the prefix of the model part) and genmo's trainer (`kwargs`, an alpha
 * for the layers of queries, keys and values and one for those behind the attention).
 */
import { checkpointError } from "./checkpoint-error.ts";
import { isJsonObject, parseStrictJson, type JsonObject } from "./strict-json.ts";
import type { TensorFile } from "./tensor-file.ts";

/** The factor on up @ down of a layer and rank, 1 when the file says nothing. */
export type PeftScale = (stem: string, rank: number) => number;

/** Throws ERR_CHECKPOINT for settings that are no JSON object. */
export function peftScale(file: TensorFile): PeftScale {
  const genmo = settingsOf(file, "kwargs");
  if (genmo !== null) {
    return (stem, rank) => {
      const kind = /\bqkv_/.test(stem) ? "qkv_proj" : "out_proj";
      const alpha = number(genmo, `${kind}_lora_alpha`);
      return alpha === null ? 1 : alpha / rank;
    };
  }
  const settings = settingsOf(file, "lora_adapter_metadata");
  if (settings === null) return () => 1;
  return (stem, rank) => {
    const [, prefix = "", name = stem] =
      /^((?:transformer|text_encoder(?:_\d)?|unet)\.)(.*)$/s.exec(stem) ?? [];
    const alpha = patterned(settings, prefix, name) ?? number(settings, `${prefix}lora_alpha`);
    if (alpha === null) return 1;
    return settings.get(`${prefix}use_rslora`) === true ? alpha / Math.sqrt(rank) : alpha / rank;
  };
}

function settingsOf(file: TensorFile, key: string): JsonObject | null {
  const text = file.metadata[key];
  if (text === undefined) return null;
  const fail = (problem: string): never => {
    throw checkpointError(file.path, `${key}: ${problem}`);
  };
  const parsed = parseStrictJson(text, fail);
  return isJsonObject(parsed) ? parsed : fail("Expected a JSON object, got another value");
}

/** The alpha of one layer; patterns are ends of names. */
function patterned(settings: JsonObject, prefix: string, name: string): number | null {
  const patterns = settings.get(`${prefix}alpha_pattern`);
  if (!isJsonObject(patterns)) return null;
  for (const key of patterns.keys()) {
    if (name === key || name.endsWith(`.${key}`)) return number(patterns, key);
  }
  return null;
}

function number(settings: JsonObject, key: string): number | null {
  const value = settings.get(key);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
