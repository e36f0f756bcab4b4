import type { LatentFormat } from "#runtime/sdk/model";
import type { Frames, HostTensor } from "#runtime/sdk/values";

/**
 * A rough picture of a latent: each latent pixel becomes one RGB pixel by a linear map of its channels.
 * Shows every latent frame.
 *
 * @param latent [B, C, T, h, w] on the model's scale; the first batch item is shown.
 */
export function latentPreview(
  latent: HostTensor,
  format: Pick<LatentFormat, "rgb" | "rgbBias">,
): Frames {
  const [, channels = 0, count = 0, height = 0, width = 0] = latent.shape;
  const plane = count * height * width;
  const sums = new Float64Array(plane * 3);
  const [red, green, blue] = format.rgbBias;
  for (let at = 0; at < sums.length; at += 3) {
    sums[at] = red;
    sums[at + 1] = green;
    sums[at + 2] = blue;
  }
  for (let c = 0; c < channels; c++) {
    const values = latent.data.subarray(c * plane, (c + 1) * plane);
    const [toRed = 0, toGreen = 0, toBlue = 0] = format.rgb[c] ?? [];
    for (let i = 0, at = 0; i < plane; i++, at += 3) {
      const value = values[i]!;
      sums[at]! += value * toRed;
      sums[at + 1]! += value * toGreen;
      sums[at + 2]! += value * toBlue;
    }
  }
  const data = new Float32Array(plane * 3);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(1, Math.max(0, (sums[i]! + 1) / 2));
  return { data, count, height, width, channels: 3 };
}
