/** From a recipe's attention settings to the mask of each layer at each step. */
import { assertNever } from "#runtime/errors";
import type { AttentionSettings } from "#runtime/sdk/attention-settings";
import type { LayerAttention, TokenGrid } from "#runtime/sdk/model";
import type { BlockMask } from "./block-mask.ts";
import { radialMask, type RadialGeometry } from "./radial.ts";

export interface AttentionPlan {
  readonly settings: AttentionSettings;
  readonly grid: TokenGrid;
  readonly kind: RadialGeometry["kind"];
  /** Text tokens that share the attention with the video. */
  readonly textTokens?: number;
  /** Steps of the run, to know its last ones. */
  readonly steps?: number;
}

const MASKS_KEPT = 8;
const masks = new Map<string, BlockMask>();

/** Attention of one step, counted from the run's first; undefined: dense in every layer. */
export function stepAttention(plan: AttentionPlan, step: number): LayerAttention | undefined {
  const { settings } = plan;
  switch (settings.kind) {
    case "dense":
      return undefined;
    case "radial": {
      const { denseSteps, lastDenseSteps = 0, denseLayers } = settings;
      const { steps = Number.POSITIVE_INFINITY } = plan;
      if (step < denseSteps || step >= steps - lastDenseSteps) return undefined;
      const mask = planMask(plan);
      if (typeof denseLayers === "number") return (layer) => (layer < denseLayers ? null : mask);
      return (layer) => (denseLayers.includes(layer) ? null : mask);
    }
    default:
      return assertNever(settings);
  }
}

/** The mask that sparse layers use; null for dense settings. Kept for the next caller with the same geometry. */
export function planMask(plan: AttentionPlan): BlockMask | null {
  const { settings, grid, kind, textTokens = 0 } = plan;
  if (settings.kind === "dense") return null;
  const geometry: RadialGeometry = {
    tokensPerFrame: grid.height * grid.width,
    frames: grid.frames,
    textTokens,
    decayFactor: settings.decayFactor,
    blockSize: settings.blockSize,
    kind,
  };
  const key = Object.values(geometry).join("/");
  const mask = masks.get(key) ?? radialMask(geometry);
  masks.delete(key);
  masks.set(key, mask);
  for (const oldest of masks.keys()) {
    if (masks.size <= MASKS_KEPT) break;
    masks.delete(oldest);
  }
  return mask;
}
