/**
 * What diffusers writes into the metadata of a LoRA (`lora_adapter_metadata`): peft's settings under the prefix of the
 * model part, among them the alpha that other formats keep in tensors.
 */
import { checkpointError } from "./checkpoint-error.ts";
import { isJsonObject, parseStrictJson, type JsonObject } from "./strict-json.ts";
import type { TensorFile } from "./tensor-file.ts";

/** The factor on up @ down of a layer and rank, 1 when the file says nothing. */
export type PeftScale = (stem: string, rank: number) => number;

/** Throws ERR_CHECKPOINT for settings that are no JSON object. */
export function peftScale(file: TensorFile): PeftScale {
  const text = file.metadata["lora_adapter_metadata"];
  if (text === undefined) return () => 1;
  const fail = (problem: string): never => {
    throw checkpointError(file.path, `lora_adapter_metadata: ${problem}`);
  };
  const parsed = parseStrictJson(text, fail);
  const settings = isJsonObject(parsed)
    ? parsed
    : fail("Expected a JSON object, got another value");
  return (stem, rank) => {
    const [, prefix = "", name = stem] =
      /^((?:transformer|text_encoder(?:_\d)?|unet)\.)(.*)$/s.exec(stem) ?? [];
    const alpha = patterned(settings, prefix, name) ?? number(settings, `${prefix}lora_alpha`);
    if (alpha === null) return 1;
    return settings.get(`${prefix}use_rslora`) === true ? alpha / Math.sqrt(rank) : alpha / rank;
  };
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
