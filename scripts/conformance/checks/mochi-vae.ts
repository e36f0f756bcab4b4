/** The Mochi autoencoder, whose halves lie in a file each: decoded frames, encoded latents, names, tensors, scale. */
import type { DiffusionFamily } from "#runtime/sdk/model";
import type { Check } from "../check.ts";
import { largestDifference, relativeError } from "../compare.ts";
import { item, readGolden } from "../golden-file.ts";
import { checkTensors, withVae } from "../models.ts";
import { checkNameMap } from "../name-map.ts";
import { channelsFirst, channelsLast, decodeFrames, encodeFrames } from "../video.ts";

const HALVES = ["decoder.safetensors", "encoder.safetensors"];
const SCALE_FILE = "latents_mean_std.json";
const NAMES_FILE = "diffusers_to_original.json";
/** Latent -> frames, and frames -> latent. */
const DECODED = [
  ["latent", "video"],
  ["latent_1frame", "video_1frame"],
] as const;
const ENCODED = [
  ["video_in", "encoded_mean"],
  ["image_in", "image_mean"],
] as const;

export const mochiVae: Check = {
  name: "mochi-vae",
  computes: true,
  recognises: (folder) => HALVES.every((file) => folder.has(file)) && folder.has("io.safetensors"),

  async run(folder, bench, cases) {
    for (const file of HALVES) {
      const detected = await checkTensors(folder, bench, cases, "vae", file);
      if (detected === null) return;
      if (file === HALVES[0] && folder.has(NAMES_FILE)) {
        await checkNameMap(folder, NAMES_FILE, cases, detected);
      }
    }
    if (folder.has(SCALE_FILE)) {
      await cases.measure(SCALE_FILE, { name: "largest difference", bound: 1e-7 }, () => {
        const { mean, std } = folder.json(SCALE_FILE) as { mean: number[]; std: number[] };
        const { latent } = bench.families.find(
          ({ family }) => family === "mochi",
        ) as DiffusionFamily;
        return Math.max(largestDifference(latent.mean, mean), largestDifference(latent.std, std));
      });
    }
    const golden = await cases.prepare("io.safetensors", () =>
      readGolden(folder.file("io.safetensors")),
    );
    if (golden === null) return;
    const [decoder = "", encoder = ""] = HALVES.map((file) => folder.file(file));
    for (const [latent, video] of DECODED) {
      const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
      await cases.measure(video, metric, () =>
        withVae(bench, decoder, async (vae) => {
          const frames = await decodeFrames(vae, bench.device, item(golden.get(latent), 0));
          return relativeError(channelsFirst(frames).values, golden.get(video).values);
        }),
      );
    }
    for (const [video, latent] of ENCODED) {
      const metric = { name: "relative error", bound: bench.bound(5e-4, 2e-2) };
      await cases.measure(latent, metric, () =>
        withVae(bench, encoder, async (vae) => {
          const frames = channelsLast(item(golden.get(video), 0));
          const encoded = await encodeFrames(vae, bench.device, frames);
          return relativeError(encoded, golden.get(latent).values);
        }),
      );
    }
    for (const file of folder.files.filter((name) => name.startsWith("tiled"))) {
      cases.notChecked(file, "genmo's tilings are not made here: ComfyUI's VAEDecodeTiled is");
    }
  },
};
