/** Tokens of a clip in Wan 2.1 and HunyuanVideo: latents of 8x8 pixels and 4 frames, patches of 2x2 latents. */
export interface ClipGeometry {
  readonly latentFrames: number;
  readonly latentHeight: number;
  readonly latentWidth: number;
  readonly tokensPerFrame: number;
}

const SPATIAL = 8;
const TEMPORAL = 4;
const PATCH = 2;

/** Sizes in pixels and video frames. Patches at the edge may be ragged. */
export function clipGeometry(width: number, height: number, frames: number): ClipGeometry {
  const latentHeight = Math.floor(height / SPATIAL);
  const latentWidth = Math.floor(width / SPATIAL);
  return {
    latentFrames: Math.floor((frames - 1) / TEMPORAL) + 1,
    latentHeight,
    latentWidth,
    tokensPerFrame: Math.ceil(latentHeight / PATCH) * Math.ceil(latentWidth / PATCH),
  };
}
