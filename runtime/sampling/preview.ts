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
  const data = new Float32Array(plane * 3);
  for (let color = 0; color < 3; color++) {
    const factors = format.rgb.map((row) => row[color] as number);
    const bias = format.rgbBias[color] as number;
    for (let i = 0; i < plane; i++) {
      let value = bias;
      for (let c = 0; c < channels; c++) {
        value += (latent.data[c * plane + i] as number) * (factors[c] as number);
      }
      data[i * 3 + color] = Math.min(1, Math.max(0, (value + 1) / 2));
    }
  }
  return { data, count, height, width, channels: 3 };
}
