/**
 * A sparse transformer step against the dense one. The model is counted twice for a size on the null device, dense and
 * with one layer sparse; every other mask and number of dense layers follows, since a layer's attention costs what its
 * token pairs cost.
 */
import { statSync } from "node:fs";
import { clipGeometry } from "#runtime/attention/clip-geometry";
import type { BlockMask } from "#runtime/attention/block-mask";
import { attendedShare, maskFromRows } from "#runtime/attention/csr";
import { isUmbelError } from "#runtime/errors";
import { findStepModel, stepFlops, type StepModel } from "#runtime/engine/step-flops";
import { RecentValues } from "./recent-values.ts";

const KEPT = 64;

interface DenseStep {
  readonly flops: number;
  /** Of the video's self-attention in one layer. */
  readonly layerFlops: number;
  readonly layers: number;
}

export interface ShareRequest {
  readonly kind: "wan" | "hunyuan";
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly model: string | null;
  readonly denseLayers: number;
}

interface StepShare {
  /** Operations of a sparse step over those of a dense one. */
  readonly share: number;
  readonly layers: number;
}

export class StepShares {
  readonly #modelPath: (name: string) => string;
  readonly #models = new RecentValues<Promise<StepModel | null>>(KEPT);
  readonly #steps = new RecentValues<DenseStep>(KEPT);

  /** `modelPath` gives the path of a diffusion model or throws ERR_FILE. */
  constructor(modelPath: (name: string) => string) {
    this.#modelPath = modelPath;
  }

  /** Null when the model is not known, or masks its attention otherwise. */
  async get(request: ShareRequest, attentionShare: number): Promise<StepShare | null> {
    if (request.model === null) return null;
    const file = this.#file(request.model);
    const model = await (this.#models.get(file.key) ??
      this.#models.set(file.key, findStepModel(file.path, request.model)));
    if (model === null || model.family.maskKind !== request.kind) return null;
    const { width, height, frames } = request;
    const key = [file.key, width, height, frames].join("/");
    const dense = this.#steps.get(key) ?? this.#steps.set(key, countStep(model, request));
    const sparseLayers = Math.max(0, dense.layers - request.denseLayers);
    const saved = sparseLayers * dense.layerFlops * (1 - attentionShare);
    return { share: 1 - saved / dense.flops, layers: dense.layers };
  }

  /** Null for a model that is not there: its name may still be known. */
  #file(name: string): { path: string | null; key: string } {
    try {
      const path = this.#modelPath(name);
      const { mtimeMs, size } = statSync(path);
      return { path, key: `${path}/${mtimeMs}/${size}` };
    } catch (error) {
      if (isUmbelError(error)) return { path: null, key: name };
      throw error;
    }
  }
}

function countStep(model: StepModel, { width, height, frames }: ShareRequest): DenseStep {
  const { latentFrames, latentHeight, latentWidth, tokensPerFrame } = clipGeometry(
    width,
    height,
    frames,
    model.family.latent,
  );
  const latent = [latentFrames, latentHeight, latentWidth] as const;
  const mask = diagonal(latentFrames * tokensPerFrame);
  const flops = stepFlops(model, latent);
  const { layers } = model;
  const left = 1 - attendedShare(mask);
  if (left === 0) return { flops, layerFlops: 0, layers };
  const sparse = stepFlops(model, latent, (layer) => (layer === 0 ? mask : null));
  return { flops, layerFlops: (flops - sparse) / left, layers };
}

/** Every block sees itself alone. */
function diagonal(tokens: number): BlockMask {
  return maskFromRows({ blockSize: 128, tokens }, (row, kept) => {
    kept[row] = 1;
  });
}
