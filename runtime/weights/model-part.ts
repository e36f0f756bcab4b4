import { splitScales, type SplitScales } from "./scaled-fp8.ts";
import type { TensorEntry, TensorFile } from "./tensor-file.ts";

/** Files that travel inside of checkpoints as bytes. */
const ASSETS: ReadonlySet<string> = new Set(["spiece_model", "tekken_model", "tokenizer_json"]);

/** The tensors of a file below one prefix, under names without it; scales of quantised weights apart. */
export interface ModelPart extends SplitScales {
  readonly file: TensorFile;
  readonly prefix: string;
  /** Embedded files that it holds -> name in the file. */
  readonly assets: ReadonlyMap<string, string>;
}

export function modelPart(file: TensorFile, prefix: string): ModelPart {
  const tensors = new Map<string, TensorEntry>();
  const assets = new Map<string, string>();
  for (const [name, entry] of file.tensors) {
    const asset = name.slice(name.lastIndexOf(".") + 1);
    // In files of several models an asset lies beside the model or above it, never below.
    if (ASSETS.has(asset) && prefix.startsWith(name.slice(0, -asset.length)))
      assets.set(asset, name);
    if (name.startsWith(prefix)) tensors.set(name.slice(prefix.length), entry);
  }
  return { file, prefix, assets, ...splitScales(file, tensors) };
}
