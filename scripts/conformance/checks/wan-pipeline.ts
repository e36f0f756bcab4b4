/**
 * Embeddings and noise -> Wan's UniPC with guidance -> autoencoder -> frames, with the weights of the folders wan-dit and
 * wan-vae beside this one. The file's name says steps, guidance and shift.
 */
import { Denoiser } from "#runtime/sampling/guidance";
import { toLinkScale } from "#runtime/sampling/latent-scale";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import type { DiffusionFamily } from "#runtime/sdk/model";
import type { Conditioning } from "#runtime/sdk/values";
import { keep } from "#runtime/tensor/scope";
import type { Bench, Check } from "../check.ts";
import { psnr, relativeError } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { item, readGolden, type GoldenFile, type GoldenTensor } from "../golden-file.ts";
import { withDiffusion, withVae } from "../models.ts";
import { runSolver } from "../sampler-run.ts";
import { channelsFirst, decodeFrames } from "../video.ts";
import { unpadded } from "../wan-inputs.ts";

const NAME = /unipc(\d+)_cfg([\d.]+)_shift([\d.]+)\.safetensors$/;

interface Settings {
  readonly steps: number;
  readonly cfg: number;
  readonly shift: number;
}

export const wanPipeline: Check = {
  name: "wan-pipeline",
  computes: true,
  recognises: (folder) =>
    folder.files.some((file) => NAME.test(file)) &&
    readGolden(folder.beside("wan-dit", "weights.safetensors")).names.length > 0,

  async run(folder, bench, cases) {
    for (const file of folder.files.filter((name) => name.endsWith(".safetensors"))) {
      const [, steps, cfg, shift] = NAME.exec(file) ?? [];
      if (steps === undefined) {
        cases.notChecked(file, "its name gives no steps, guidance and shift");
        continue;
      }
      const settings = { steps: Number(steps), cfg: Number(cfg), shift: Number(shift) };
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      const final = await cases.prepare(`${file} sampling`, () =>
        sample(folder, bench, golden, settings),
      );
      if (final === null) continue;
      const relative = { name: "relative error", bound: 1e-3 };
      const exact = bench.device.compute === "f32";
      if (exact) {
        await cases.measure(`${file} final_latents`, relative, () =>
          relativeError(final.values, golden.get("final_latents").values),
        );
      }
      const frames = await cases.prepare(`${file} decoding`, () => decode(folder, bench, final));
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
function sample(
  folder: Folder,
  bench: Bench,
  golden: GoldenFile,
  { steps, cfg, shift }: Settings,
): Promise<GoldenTensor> {
  const { device } = bench;
  const start = golden.get("latents");
  const sampler = samplerByName("wan_unipc");
  return withDiffusion(
    bench,
    folder.beside("wan-dit", "weights.safetensors"),
    [],
    async (model) => {
      using denoiser = new Denoiser(device, {
        model,
        positive: prompt(golden, "prompt_embeds"),
        negative: prompt(golden, "negative_prompt_embeds"),
        cfg,
      });
      const values = await runSolver(sampler, {
        device,
        sigmas: scheduleSigmas("wan", { shift, timestepFactor: 1000 }, steps),
        shift,
        start,
        denoise: (x, sigma) =>
          keep(denoiser.denoise(x, { sigma, timestep: Math.trunc(Math.fround(sigma) * 1000) })),
      });
      return { shape: start.shape, values };
    },
  );
}

function prompt(golden: GoldenFile, name: string): Conditioning {
  const { shape, values } = unpadded(item(golden.get(name), 0));
  return [{ context: { data: values, shape }, extra: {} }];
}

/** Frames in 0..1, channels first. */
function decode(folder: Folder, bench: Bench, final: GoldenTensor): Promise<Float32Array> {
  const wan = bench.families.find(({ family }) => family === "wan") as DiffusionFamily;
  const { data, shape } = toLinkScale({ data: final.values, shape: final.shape }, wan.latent);
  return withVae(bench, folder.beside("wan-vae", "weights.safetensors"), async (vae) => {
    const latent = item({ shape, values: data }, 0);
    const frames = channelsFirst(await decodeFrames(vae, bench.device, latent));
    return frames.values.map((value) => Math.min(1, Math.max(0, value / 2 + 0.5)));
  });
}
