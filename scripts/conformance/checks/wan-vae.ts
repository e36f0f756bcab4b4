/** The Wan autoencoder: decoded frames, encoded latents, the latents' scale, names, tensors. */
import type { DiffusionFamily } from "#runtime/sdk/model";
import type { Check } from "../check.ts";
import { largestDifference, relativeError } from "../compare.ts";
import { item, readGolden } from "../golden-file.ts";
import { checkNames, checkTensors, holdsFamily, withVae } from "../models.ts";
import { channelsFirst, channelsLast, decodeFrames, encodeFrames } from "../video.ts";

const SCALE_FILE = "latents_mean_std.json";

export const wanVae: Check = {
  name: "wan-vae",
  computes: true,
  recognises: (folder, bench) =>
    folder.has("io.safetensors") && holdsFamily(folder, bench, "wan-vae"),

  async run(folder, bench, cases) {
    const detected = await checkTensors(folder, bench, cases, "vae");
    if (detected === null) return;
    await checkNames(folder, cases, detected);
    if (folder.has(SCALE_FILE)) {
      await cases.measure(SCALE_FILE, { name: "largest difference", bound: 0 }, () => {
        const { mean, std } = folder.json(SCALE_FILE) as { mean: number[]; std: number[] };
        const wan = bench.families.find(({ family }) => family === "wan") as DiffusionFamily;
        return Math.max(
          largestDifference(wan.latent.mean, mean),
          largestDifference(wan.latent.std, std),
        );
      });
    }
    const weights = folder.file("weights.safetensors");
    for (const file of folder.files.filter((name) => /^io.*\.safetensors$/.test(name))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
      if (golden?.has("video") === true) {
        await cases.measure(`${file} decode`, metric, () =>
          withVae(bench, weights, async (vae) => {
            const frames = await decodeFrames(vae, bench.device, item(golden.get("latent"), 0));
            return relativeError(channelsFirst(frames).values, golden.get("video").values);
          }),
        );
      }
      if (golden?.has("video_in") === true) {
        await cases.measure(`${file} encode`, metric, () =>
          withVae(bench, weights, async (vae) => {
            const video = channelsLast(item(golden.get("video_in"), 0));
            const latent = await encodeFrames(vae, bench.device, video);
            return relativeError(latent, golden.get("encoded_mean").values);
          }),
        );
      }
    }
  },
};
