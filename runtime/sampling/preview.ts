import type { LatentColours } from "#runtime/sdk/model";
import type { Frames, HostTensor } from "#runtime/sdk/values";

/**
 * A rough picture of a latent: each latent pixel becomes one RGB pixel by a linear map of its channels.
 * Shows every latent frame.
 *
 * @param latent [B, C, T, h, w] on the model's scale; the first batch item is shown.
 */
export function latentPreview(latent: HostTensor, colours: LatentColours): Frames {
  const [, channels = 0, count = 0, height = 0, width = 0] = latent.shape;
  const frame = height * width;
  const plane = count * frame;
  const data = new Float32Array(plane * 3);
  const { first = colours } = colours;
  for (let t = 0; t < count; t++) {
    const { rgb, rgbBias } = t === 0 ? first : colours;
    const sums = new Float64Array(frame * 3);
    for (let at = 0; at < sums.length; at++) sums[at] = rgbBias[at % 3]!;
    for (let c = 0; c < channels; c++) {
      const values = latent.data.subarray(c * plane + t * frame, c * plane + (t + 1) * frame);
      const [toRed = 0, toGreen = 0, toBlue = 0] = rgb[c] ?? [];
      for (let i = 0, at = 0; i < frame; i++, at += 3) {
        const value = values[i]!;
        sums[at]! += value * toRed;
        sums[at + 1]! += value * toGreen;
        sums[at + 2]! += value * toBlue;
      }
    }
    const start = t * frame * 3;
    for (let at = 0; at < sums.length; at++)
      data[start + at] = Math.min(1, Math.max(0, (sums[at]! + 1) / 2));
  }
  return { data, count, height, width, channels: 3 };
}
