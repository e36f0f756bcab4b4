/** Between latents as they travel on links and the scale that diffusion models see (ComfyUI's process_in, process_out). */
import { UmbelError } from "#runtime/errors";
import type { LatentFormat } from "#runtime/sdk/model";
import type { HostTensor } from "#runtime/sdk/values";

type Scale = Pick<LatentFormat, "channels" | "mean" | "std">;

/** (z - mean) / std per channel of [B, C, T, h, w]. */
export function toModelScale(latent: HostTensor, format: Scale): HostTensor {
  return perChannel(latent, format, (z, mean, std) => Math.fround(z - mean) / std);
}

/** z std + mean per channel of [B, C, T, h, w]. */
export function toLinkScale(latent: HostTensor, format: Scale): HostTensor {
  return perChannel(latent, format, (z, mean, std) => Math.fround(z * std) + mean);
}

/** Throws ERR_SHAPE when a latent is not one of this format. */
export function checkLatent(latent: HostTensor, format: Pick<LatentFormat, "channels">): void {
  if (latent.shape.length === 5 && latent.shape[1] === format.channels) return;
  throw new UmbelError(
    "ERR_SHAPE",
    `Expected a latent [B, ${format.channels}, T, h, w], got [${latent.shape.join(", ")}]. ` +
      "Make the empty latent with the node that belongs to this model.",
  );
}

function perChannel(
  latent: HostTensor,
  format: Scale,
  change: (value: number, mean: number, std: number) => number,
): HostTensor {
  checkLatent(latent, format);
  const { channels } = format;
  const plane = latent.shape.slice(2).reduce((a, b) => a * b, 1);
  const data = new Float32Array(latent.data.length);
  for (let start = 0, index = 0; start < data.length; start += plane, index++) {
    const mean = Math.fround(format.mean[index % channels] as number);
    const std = Math.fround(format.std[index % channels] as number);
    for (let i = start; i < start + plane; i++)
      data[i] = change(latent.data[i] as number, mean, std);
  }
  return { data, shape: latent.shape };
}
