/** Embeddings and noise to frames, with the folders beside this one: Mochi's loop with guidance, autoencoder. */
import { Denoiser } from "#runtime/sampling/guidance";
import { toLinkScale } from "#runtime/sampling/latent-scale";
import { linearQuadratic } from "#runtime/sampling/linear-quadratic";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import type { DiffusionFamily } from "#runtime/sdk/model";
import type { Conditioning } from "#runtime/sdk/values";
import { keep } from "#runtime/tensor/scope";
import type { Bench, Check } from "../check.ts";
import { psnr, relativeError } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { item, readGolden, type GoldenFile, type GoldenTensor } from "../golden-file.ts";
import { maskedRows } from "../mochi-inputs.ts";
import { withDiffusion, withVae } from "../models.ts";
import { runSolver } from "../sampler-run.ts";
import { channelsFirst, decodeFrames } from "../video.ts";

export const mochiPipeline: Check = {
  name: "mochi-pipeline",
  computes: true,
  recognises: (folder) =>
    folder.files.some((file) => file.includes("_linquad")) &&
    readGolden(folder.beside("mochi-dit", "weights.safetensors")).names.length > 0,

  async run(folder, bench, cases) {
    const relative = { name: "relative error", bound: 1e-3 };
    const exact = bench.device.compute === "f32";
    for (const file of folder.files.filter((name) => name.endsWith(".safetensors"))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      const final = await cases.prepare(`${file} sampling`, () => sample(folder, bench, golden));
      if (final === null) continue;
      const { latent } = bench.families.find(({ family }) => family === "mochi") as DiffusionFamily;
      const link = toLinkScale({ data: final.values, shape: final.shape }, latent);
      if (exact) {
        await cases.measure(`${file} final_latents`, relative, () =>
          relativeError(final.values, golden.get("final_latents").values),
        );
        await cases.measure(`${file} vae_latents`, relative, () =>
          relativeError(link.data, golden.get("vae_latents").values),
        );
      }
      const frames = await cases.prepare(`${file} decoding`, () =>
        withVae(bench, folder.beside("mochi-vae", "decoder.safetensors"), async (vae) => {
          const z = item({ shape: link.shape, values: link.data }, 0);
          const decoded = channelsFirst(await decodeFrames(vae, bench.device, z));
          return decoded.values.map((value) => Math.min(1, Math.max(0, value / 2 + 0.5)));
        }),
      );
      if (frames === null) continue;
      const compare = exact ? relativeError : psnr;
      const metric = exact ? relative : { name: "PSNR, dB", bound: 30, side: "at least" as const };
      await cases.measure(`${file} frames`, metric, () =>
        compare(frames, golden.get("frames").values),
      );
    }
  },
};

/** Model scale, [1, C, T, h, w]. */
function sample(folder: Folder, bench: Bench, golden: GoldenFile): Promise<GoldenTensor> {
  const { device } = bench;
  const { metadata } = golden;
  const start = golden.get("latents");
  const linear = Number(metadata["linear_steps"]);
  const levels = linearQuadratic(
    Number(metadata["steps"]),
    Number(metadata["threshold_noise"]),
    Number.isNaN(linear) ? undefined : linear,
  );
  const weights = folder.beside("mochi-dit", "weights.safetensors");
  return withDiffusion(bench, weights, [], async (model) => {
    using denoiser = new Denoiser(device, {
      model,
      positive: prompt(golden, ""),
      negative: prompt(golden, "negative_"),
      cfg: Number(metadata["cfg"]),
    });
    const values = await runSolver(samplerByName("euler"), {
      device,
      sigmas: Float32Array.from(levels),
      shift: 1,
      start,
      denoise: (x, sigma) => keep(denoiser.denoise(x, { sigma, timestep: sigma })),
    });
    return { shape: start.shape, values };
  });
}

function prompt(golden: GoldenFile, prefix: string): Conditioning {
  const embeds = item(golden.get(`${prefix}prompt_embeds`), 0);
  const rows = maskedRows(embeds, item(golden.get(`${prefix}prompt_mask`), 0));
  return [{ context: { data: rows.values, shape: rows.shape }, extra: {} }];
}
