/** For which model a LoRA was made, as far as its names tell. */
import { withoutPrefixes } from "./lora-names.ts";
import type { LoraFile } from "./lora-file.ts";

/** Tried in order, on names with "." for "_" so that both spellings match. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/^(?:te\d*|lora\.te\d*|text\.encoders?)\./, "a text encoder"],
  [/\bvace\.blocks\./, "Wan VACE"],
  [
    /^blocks\.\d+\.cross\.attn\.[kv]\.img|^blocks\.\d+\.attn2\.add\.[kv]\.proj|^img\.emb\./,
    "Wan image to video",
  ],
  [/^blocks\.\d+\.(?:self|cross)\.attn\.[qkvo]\b|^blocks\.\d+\.attn[12]\.to\./, "Wan"],
  [
    /^blocks\.\d+\.attn\.(?:qkv|proj)\.[xy]\b|^transformer\.blocks\.\d+\.attn1\.(?:to|add)\..*(?:norm|$)/,
    "Mochi",
  ],
  [
    /^double\.blocks\.\d+\.img\.attn\.qkv.*|^double\.blocks\.\d+\.(?:img|txt)\.mod\.lin/,
    "HunyuanVideo or Flux",
  ],
  [/^double\.blocks\.|^single\.blocks\./, "HunyuanVideo or Flux"],
  [
    /^single\.transformer\.blocks\.|^transformer\.blocks\.\d+\.(?:attn|ff)\b/,
    "a diffusers transformer (HunyuanVideo, Flux, Qwen-Image, LTX ...)",
  ],
  [/^joint\.blocks\.|^joint\.transformer\./, "Stable Diffusion 3"],
  [/^(?:down|up|mid|input|output|middle)\.blocks?\./, "Stable Diffusion (a U-Net)"],
  [/^layers\.\d+\.(?:attention|feed)/, "Lumina or Z-Image"],
];

/** A title such as "Wan"; null when nothing is recognised. */
export function guessLoraFamily({ modules }: LoraFile): string | null {
  const votes = new Map<string, number>();
  for (const { stem } of modules) {
    const name = withoutPrefixes(stem).replaceAll("_", ".");
    const title = SIGNS.find(([pattern]) => pattern.test(name))?.[1];
    if (title !== undefined) votes.set(title, (votes.get(title) ?? 0) + 1);
  }
  // The more special kin wins over the plain one that shares most names with it.
  const specials = ["Wan VACE", "Wan image to video"];
  for (const special of specials) if (votes.has(special)) return special;
  const [best] = [...votes].toSorted((a, b) => b[1] - a[1]);
  return best?.[0] ?? null;
}
