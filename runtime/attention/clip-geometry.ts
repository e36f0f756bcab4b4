/** Tokens of a clip: patches of 2x2 latents, each of a square of pixels and some frames. */
export interface ClipGeometry {
  readonly latentFrames: number;
  readonly latentHeight: number;
  readonly latentWidth: number;
  readonly tokensPerFrame: number;
}

export interface LatentFactors {
  /** Pixels a latent, across and down. */
  readonly spatialFactor: number;
  /** Frames a latent; the first latent is one frame. */
  readonly temporalFactor: number;
}

/** Of Wan 2.1, Wan 2.2 A14B and HunyuanVideo. */
const USUAL: LatentFactors = { spatialFactor: 8, temporalFactor: 4 };
const PATCH = 2;

/** Sizes in pixels and video frames. Patches at the edge may be ragged. */
export function clipGeometry(
  width: number,
  height: number,
  frames: number,
  { spatialFactor, temporalFactor }: LatentFactors = USUAL,
): ClipGeometry {
  const latentHeight = Math.floor(height / spatialFactor);
  const latentWidth = Math.floor(width / spatialFactor);
  return {
    latentFrames: Math.floor((frames - 1) / temporalFactor) + 1,
    latentHeight,
    latentWidth,
    tokensPerFrame: Math.ceil(latentHeight / PATCH) * Math.ceil(latentWidth / PATCH),
  };
}
