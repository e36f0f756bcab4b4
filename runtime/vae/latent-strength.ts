import { wan21Latent } from "#runtime/sdk/wan-latents";
import type { HostTensor } from "#runtime/sdk/values";

/**
 * A latent [C, T, h, w] of Wan 2.1's autoencoder on the links' scale, of which frame `index` (negative: from the end) is
 * multiplied on the model's scale, where ComfyUI-WanVideoWrapper does it.
 */
export function scaleLatentFrame(latent: HostTensor, index: number, strength: number): HostTensor {
  const [, frames = 0, height = 0, width = 0] = latent.shape;
  if (strength === 1) return latent;
  const plane = height * width;
  const frame = index < 0 ? frames + index : index;
  const data = latent.data.slice();
  for (const [channel, mean] of wan21Latent.mean.entries()) {
    const from = (channel * frames + frame) * plane;
    for (let i = from; i < from + plane; i++) data[i] = mean + ((data[i] ?? 0) - mean) * strength;
  }
  return { ...latent, data };
}
