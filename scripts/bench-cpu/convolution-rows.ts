import { conv3d } from "#runtime/tensor/ops";
import { anyNumbers, type Row } from "./row.ts";

/** A causal 3 x 3 x 3 convolution of the VAE: two past frames in front, borders padded. */
function convolutionRow(channels: number, frames: number, side: number): Row {
  const weights = channels * channels * 27;
  return {
    op: `conv3d, ${channels} channels`,
    size: `${frames} x ${side} x ${side}`,
    flops: 2 * frames * side * side * weights,
    prepare: (device) => {
      const shape = [frames, side, side, channels];
      const x = device.tensor(anyNumbers(frames * side * side * channels), shape);
      const before = device.tensor(anyNumbers(2 * side * side * channels), [2, ...shape.slice(1)]);
      const weight = device.tensor(anyNumbers(weights), [channels, 3, 3, 3, channels]);
      const run = () => conv3d(x, weight, null, { before, padding: [0, 0, 1, 1, 1, 1] });
      return { inputs: [x, before, weight], run };
    },
    pytorch: `conv3d ${channels} ${frames} ${side}`,
  };
}

export const convolutionRows: readonly Row[] = [
  convolutionRow(24, 4, 128),
  convolutionRow(96, 4, 64),
  convolutionRow(384, 4, 32),
];
