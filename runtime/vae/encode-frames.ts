/** IMAGE -> LATENT through an autoencoder. */
import type { VaeLease } from "#runtime/sdk/model-access";
import type { NodeContext } from "#runtime/sdk/node";
import type { Frames, Latent } from "#runtime/sdk/values";
import { toModelRange } from "./frames.ts";

/**
 * Encodes all frames as one clip. Width and height are cropped to a multiple of the VAE's factor, the frames to 4n + 1,
 * as ComfyUI does.
 */
export async function encodeFrames(
  context: NodeContext,
  lease: VaeLease,
  frames: Frames,
): Promise<Latent> {
  const { spatialFactor, temporalFactor } = lease.family.latent;
  const crop = (extent: number): number =>
    Math.max(spatialFactor, extent - (extent % spatialFactor));
  const size = { height: crop(frames.height), width: crop(frames.width) };
  const count = Math.floor((frames.count - 1) / temporalFactor) * temporalFactor + 1;
  using latent = await lease.instance.encode(count, (first, n) => {
    context.checkCancelled();
    context.progress(first, count);
    return Promise.resolve(toModelRange(context.device, frames, first, n, size));
  });
  context.progress(count, count);
  return { samples: { data: await latent.read(), shape: [1, ...latent.shape] } };
}
