/** Features of a picture as tokens that a video model attends to beside its text (Wan 2.1 image to video). */
import { UmbelError } from "#runtime/errors";
import { add, layerNorm } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { denseLayer, type NamedWeights } from "./dense-layer.ts";

export interface PictureConfig {
  readonly width: number;
  /** Rows for which positions are learnt (first and last frame); null without. */
  readonly positions: number | null;
}

const EPS = 1e-5;

/**
 * Features [rows, width] -> [rows, dim] by the layers `img_emb`; rows without a learnt position are left out. Throws
 * ERR_SHAPE for features of another width.
 */
export function pictureTokens(
  { width, positions }: PictureConfig,
  weights: NamedWeights,
  features: Tensor,
): Tensor {
  if (features.rank !== 2 || features.shape[1] !== width) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected features of a picture [rows, ${width}], got [${features.shape.join(", ")}]. ` +
        "The CLIP vision model does not belong to this model.",
    );
  }
  return scope(() => {
    const rows = Math.min(features.shape[0] ?? 0, positions ?? Infinity);
    const used = features.slice(0, 0, rows);
    const placed =
      positions === null
        ? used
        : add(used, weights.get("img_emb.emb_pos").reshape([-1, width]).slice(0, 0, rows));
    const norm = (name: string, x: Tensor) =>
      layerNorm(x, {
        weight: weights.get(`${name}.weight`),
        bias: weights.get(`${name}.bias`),
        eps: EPS,
      });
    const hidden = denseLayer(weights, "img_emb.proj.1", norm("img_emb.proj.0", placed), "gelu");
    return norm("img_emb.proj.4", denseLayer(weights, "img_emb.proj.3", hidden));
  });
}
