import { readScalar } from "#runtime/weights/host-values";
import type { LoraFile, LoraModule } from "#runtime/weights/lora-file";
import { withoutPrefixes } from "#runtime/weights/lora-names";

/** A LoRA by itself, whatever model it is for. */
export interface LoraDetails {
  /** How its tensors are named, for example "lora_A, lora_B below diffusion_model." */
  readonly format: string;
  /** Layers that it changes. */
  readonly layers: number;
  /** Rank -> number of layers. */
  readonly ranks: Readonly<Record<string, number>>;
  /** Alphas that occur; empty when alpha is the rank. */
  readonly alphas: readonly number[];
  /** Layers whose weight or bias gets a difference instead of, or beside, a product. */
  readonly differences: number;
  /** Kinds of change that are not supported. */
  readonly unsupported: readonly string[];
}

/** Throws ERR_CHECKPOINT for an alpha that is no number. */
export function loraDetails({ file, modules }: LoraFile): LoraDetails {
  const ranks = new Map<number, number>();
  const alphas = new Set<number>();
  const unsupported = new Set<string>();
  let differences = 0;
  for (const module of modules) {
    const down = module.parts.get("down");
    const rank = down === undefined ? undefined : file.tensors.get(down)?.shape[0];
    if (rank !== undefined) ranks.set(rank, (ranks.get(rank) ?? 0) + 1);
    const alpha = module.parts.get("alpha");
    if (alpha !== undefined) alphas.add(readScalar(file, alpha));
    if (module.parts.has("diff") || module.parts.has("diff_b")) differences++;
    for (const reason of module.unsupported.values()) unsupported.add(reason);
  }
  return {
    format: formatOf(modules),
    layers: modules.length,
    ranks: Object.fromEntries([...ranks].toSorted(([a], [b]) => a - b)),
    alphas: [...alphas].toSorted((a, b) => a - b),
    differences,
    unsupported: [...unsupported],
  };
}

function formatOf(modules: readonly LoraModule[]): string {
  const [first] = modules.filter(({ parts }) => parts.has("down"));
  if (first === undefined) return "differences only";
  const pair = /lora_A/.test(first.parts.get("down") ?? "")
    ? "lora_A, lora_B"
    : "lora_down, lora_up";
  const prefix = first.stem.slice(0, first.stem.length - withoutPrefixes(first.stem).length);
  return prefix === "" ? pair : `${pair} below ${prefix}`;
}
