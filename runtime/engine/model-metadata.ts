import { readSafetensorsHeader } from "#runtime/weights/safetensors";
import { ModelFolders } from "./model-folders.ts";

/**
 * What a model file says of itself in its header; empty when it says nothing, or is no safetensors file. Throws ERR_FILE
 * when there is none of that name, ERR_CHECKPOINT for a damaged one.
 */
export function modelMetadata(
  roots: readonly string[],
  folder: string,
  name: string,
): Readonly<Record<string, string>> {
  const path = new ModelFolders(roots).path(folder, name);
  return /\.(safetensors|sft)$/i.test(path) ? readSafetensorsHeader(path).metadata : {};
}
