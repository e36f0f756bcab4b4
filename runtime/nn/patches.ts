/** Between a latent and the tokens of a transformer, a token a patch. */
import type { TokenGrid, WeightPreparation } from "#runtime/sdk/model";
import { cat, linear } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";

/** Latent frames, rows and columns of a patch. */
export type PatchSize = readonly [frames: number, height: number, width: number];

/** [out, ...] -> [out, numbers that go into one output] */
export const asMatrix: WeightPreparation = {
  key: "matrix",
  apply: (weight) => weight.reshape([weight.shape[0] ?? 0, -1]),
};

/** Tokens of a latent [C, T, h, w]; patches at its end may be ragged. */
export function patchGrid(patch: PatchSize, shape: readonly number[]): TokenGrid {
  const [, frames = 0, height = 0, width = 0] = shape;
  return {
    frames: Math.ceil(frames / patch[0]),
    height: Math.ceil(height / patch[1]),
    width: Math.ceil(width / patch[2]),
  };
}

/**
 * [C, T, h, w] -> [tokens, width]: a convolution whose stride is its kernel is a matrix product over patches. `weight`
 * [width, C pt ph pw]. A latent whose sizes are no multiples of the patch is continued by its own start.
 */
export function embedPatches(x: Tensor, patch: PatchSize, weight: Tensor, bias: Tensor): Tensor {
  const [pt, ph, pw] = patch;
  const [channels = 0] = x.shape;
  const grid = patchGrid(patch, x.shape);
  const patches = wrap(wrap(wrap(x, 1, pt), 2, ph), 3, pw)
    .reshape([channels, grid.frames, pt, grid.height, ph, grid.width, pw])
    .permute([1, 3, 5, 0, 2, 4, 6])
    .contiguous()
    .reshape([grid.frames * grid.height * grid.width, -1]);
  return linear(patches, weight, bias);
}

function wrap(x: Tensor, axis: number, multiple: number): Tensor {
  const excess = (x.shape[axis] ?? 0) % multiple;
  return excess === 0 ? x : cat([x, x.slice(axis, 0, multiple - excess).contiguous()], axis);
}

/** [tokens, numbers of a patch] -> [C, T, h, w]; a patch's numbers have the channel first or last. */
export function joinPatches(
  patches: Tensor,
  patch: PatchSize,
  shape: readonly number[],
  channel: "first" | "last",
): Tensor {
  const [pt, ph, pw] = patch;
  const [channels = 0, frames, height, width] = shape;
  const grid = patchGrid(patch, shape);
  const tokens = [grid.frames, grid.height, grid.width];
  const ordered =
    channel === "first"
      ? patches.reshape([...tokens, channels, pt, ph, pw]).permute([3, 0, 4, 1, 5, 2, 6])
      : patches.reshape([...tokens, pt, ph, pw, channels]).permute([6, 0, 3, 1, 4, 2, 5]);
  return ordered
    .contiguous()
    .reshape([channels, grid.frames * pt, grid.height * ph, grid.width * pw])
    .slice(1, 0, frames)
    .slice(2, 0, height)
    .slice(3, 0, width)
    .contiguous();
}
