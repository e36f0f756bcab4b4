/** LATENT -> IMAGE through an autoencoder, frame group by frame group. */
import { UmbelError } from "#runtime/errors";
import type { VideoAutoencoder } from "#runtime/sdk/model";
import type { VaeLease } from "#runtime/sdk/model-access";
import type { NodeContext } from "#runtime/sdk/node";
import type { Frames, Latent } from "#runtime/sdk/values";
import type { Tensor } from "#runtime/tensor/tensor";
import { toImageRange } from "./frames.ts";
import { inOwnTiles } from "./own-tiles.ts";

/** Decodes a batch one clip after the other, by default in the autoencoder's own tiles where it has some. Throws ERR_SHAPE when the latent is not of the VAE's kind. */
export async function decodeLatent(
  context: NodeContext,
  lease: VaeLease,
  latent: Latent,
  decoder: Pick<VideoAutoencoder, "decode"> = inOwnTiles(lease.instance, lease.family.latent),
): Promise<Frames> {
  const { channels, temporalFactor, spatialFactor } = lease.family.latent;
  const [batch = 0, c = 0, t = 0, h = 0, w = 0] = latent.samples.shape;
  if (latent.samples.shape.length !== 5 || c !== channels) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a latent [B, ${channels}, T, h, w] for this VAE, got [${latent.samples.shape.join(", ")}]. ` +
        "Use the VAE that belongs to the model.",
    );
  }
  const perClip = temporalFactor * (t - 1) + 1;
  const [height, width] = [h * spatialFactor, w * spatialFactor];
  const data = new Float32Array(batch * perClip * height * width * 3);
  const size = c * t * h * w;
  let shown = 0;
  const show = (frames: number): void => {
    context.checkCancelled();
    shown = Math.max(shown, Math.floor(frames));
    context.progress(shown, batch * perClip);
  };
  for (let clip = 0; clip < batch; clip++) {
    using samples = context.device.tensor(
      latent.samples.data.subarray(clip * size, (clip + 1) * size),
      [c, t, h, w],
    );
    const take = async (frames: Tensor, first: number): Promise<void> => {
      using image = toImageRange(frames);
      const done = clip * perClip + first;
      // A plan leaves the frames untouched, so that the system never has to give them memory.
      if (context.device.name !== "null") data.set(await image.read(), done * height * width * 3);
      show(done + (frames.shape[0] ?? 0));
    };
    await decoder.decode(samples, take, (share) => show((clip + share) * perClip));
  }
  return { data, count: batch * perClip, height, width, channels: 3 };
}
