/** The Wan autoencoder: decoded frames, encoded latents, the latents' scale, names, tensors. */
import { toModelScale } from "#runtime/sampling/latent-scale";
import type { LatentFormat } from "#runtime/sdk/model";
import type { Bench, Check } from "../check.ts";
import { largestDifference, relativeError } from "../compare.ts";
import { item, readGolden } from "../golden-file.ts";
import { checkNames, checkTensors, holdsFamily, withVae } from "../models.ts";
import { channelsFirst, channelsLast, decodeFrames, encodeFrames } from "../video.ts";

/** What is decoded to what, and encoded to what. */
const DECODED = [
  ["latent", "video"],
  ["image_latent", "image_out"],
] as const;
const ENCODED = [
  ["video_in", "encoded_mean"],
  ["image_in", "image_encoded_mean"],
] as const;
const SCALE_FILE = "latents_mean_std.json";

export const wanVae: Check = {
  name: "wan-vae",
  computes: true,
  recognises: (folder, bench) =>
    folder.has("io.safetensors") &&
    ["wan-vae", "wan22-vae"].some((family) => holdsFamily(folder, bench, family)),

  async run(folder, bench, cases) {
    const detected = await checkTensors(folder, bench, cases, "vae");
    if (detected === null) return;
    await checkNames(folder, cases, detected);
    if (folder.has(SCALE_FILE)) {
      await cases.measure(SCALE_FILE, { name: "largest difference", bound: 0 }, () => {
        const { mean, std } = folder.json(SCALE_FILE) as { mean: number[]; std: number[] };
        const latent = latentOf(bench, mean.length);
        return Math.max(
          largestDifference(latent?.mean ?? [], mean),
          largestDifference(latent?.std ?? [], std),
        );
      });
    }
    const weights = folder.file("weights.safetensors");
    for (const file of folder.files.filter((name) => /^io.*\.safetensors$/.test(name))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
      if (golden === null) continue;
      for (const [latent, video] of DECODED) {
        if (!golden.has(latent) || !golden.has(video)) continue;
        await cases.measure(`${file} decode ${latent}`, metric, () =>
          withVae(bench, weights, async (vae) => {
            const frames = await decodeFrames(vae, bench.device, item(golden.get(latent), 0));
            return relativeError(channelsFirst(frames).values, golden.get(video).values);
          }),
        );
      }
      for (const [video, mean] of ENCODED) {
        if (!golden.has(video) || !golden.has(mean)) continue;
        const latent = await cases.prepare(`${file} encode ${video}`, () =>
          withVae(bench, weights, (vae) =>
            encodeFrames(vae, bench.device, channelsLast(item(golden.get(video), 0))),
          ),
        );
        if (latent === null) continue;
        await cases.measure(`${file} encode ${video}`, metric, () =>
          relativeError(latent, golden.get(mean).values),
        );
        if (mean !== "encoded_mean" || !golden.has("encoded_normalised")) continue;
        await cases.measure(`${file} encoded_normalised`, metric, () => {
          const { shape, values } = golden.get("encoded_normalised");
          const format = latentOf(bench, shape[1] ?? 0);
          if (format === undefined) return Infinity;
          return relativeError(toModelScale({ data: latent, shape }, format).data, values);
        });
      }
    }
  },
};

/** The scale of latents of so many channels. */
function latentOf({ families }: Bench, channels: number): LatentFormat | undefined {
  const found = families.filter((family) => family.kind === "diffusion");
  return found.find(
    ({ family, latent }) => family.startsWith("wan") && latent.channels === channels,
  )?.latent;
}
