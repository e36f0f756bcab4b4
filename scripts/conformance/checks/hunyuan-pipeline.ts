/** Text to frames with the folders beside this one: tokens, embeddings, solver, autoencoder. */
import { bpeTokenizer, parseTokenizerJson } from "#runtime/text/bpe-tokenizer";
import {
  clipTokens,
  encodeInstructed,
  encodePooled,
  hunyuanTokens,
} from "#runtime/text/hunyuan-prompt";
import { vocabularyJson } from "#runtime/text/vocabulary-json";
import { shiftTime } from "#runtime/sampling/flow";
import { Denoiser } from "#runtime/sampling/guidance";
import { toLinkScale } from "#runtime/sampling/latent-scale";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import type { DiffusionFamily } from "#runtime/sdk/model";
import type { Conditioning } from "#runtime/sdk/values";
import { keep } from "#runtime/tensor/scope";
import type { Bench, Check } from "../check.ts";
import { differing, psnr, relativeError } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { item, readBytes, readGolden, type GoldenFile, type GoldenTensor } from "../golden-file.ts";
import { withDiffusion, withTextEncoder, withVae } from "../models.ts";
import { runSolver } from "../sampler-run.ts";
import { channelsFirst, decodeFrames } from "../video.ts";

const FACTOR = 1000;

export const hunyuanPipeline: Check = {
  name: "hunyuan-pipeline",
  computes: true,
  recognises: (folder) =>
    folder.files.some((file) => file.endsWith("_flow.safetensors")) &&
    readGolden(folder.beside("hunyuan-dit", "weights.safetensors")).names.length > 0,

  async run(folder, bench, cases) {
    const single = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
    const relative = { name: "relative error", bound: 1e-3 };
    const exact = bench.device.compute === "f32";
    for (const file of folder.files.filter((name) => name.endsWith(".safetensors"))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      const tokens = await cases.prepare(`${file} tokens`, () => tokenize(folder, golden));
      if (tokens === null) continue;
      const { llama, clip } = tokens;
      const ids = { name: "differing ids", bound: 0 };
      await cases.measure(`${file} input_ids`, ids, () => differing(llama.ids, valid(golden).ids));
      await cases.measure(`${file} clip_ids`, ids, () =>
        differing(clip, golden.get("clip_ids").values.slice(0, clip.length)),
      );
      const prompt = await cases.prepare(`${file} embeddings`, () => embed(folder, bench, tokens));
      if (prompt === null) continue;
      await cases.measure(`${file} prompt_embeds`, single, () =>
        relativeError(prompt.context.data, valid(golden).embeds),
      );
      await cases.measure(`${file} clip_pooled`, single, () =>
        relativeError(prompt.pooled.data, golden.get("clip_pooled").values),
      );
      const guidance = Number(golden.metadata["embedded_guidance"]);
      const part = { context: prompt.context, extra: { pooled: prompt.pooled, guidance } };
      const final = await cases.prepare(`${file} sampling`, () =>
        sample(folder, bench, golden, [part]),
      );
      if (final === null) continue;
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

function tokenize(folder: Folder, { metadata }: GoldenFile) {
  const text = (name: string, file: string) =>
    new TextDecoder().decode(readBytes(folder.beside(`tokenizers/${name}`, file)));
  const open = (json: string) => bpeTokenizer(parseTokenizerJson(json));
  const prompt = metadata["prompt"] ?? "";
  const clip = vocabularyJson(text("clip", "vocab.json"), text("clip", "merges.txt"));
  return {
    llama: hunyuanTokens(open(text("llama", "tokenizer.json")), prompt),
    clip: clipTokens(open(clip), prompt),
  };
}

/** The rows that the mask leaves; the file's are filled up behind them. */
function valid(golden: GoldenFile): { ids: Float32Array; embeds: Float32Array } {
  const embeds = item(golden.get("prompt_embeds"), 0);
  const rows = golden.get("prompt_mask").values.lastIndexOf(1) + 1;
  const cropped = Number(golden.metadata["crop_start"]);
  return {
    ids: golden.get("input_ids").values.slice(0, cropped + rows),
    embeds: embeds.values.slice(0, rows * (embeds.shape[1] ?? 0)),
  };
}

async function embed(folder: Folder, bench: Bench, { llama, clip }: ReturnType<typeof tokenize>) {
  const weights = (name: string) => folder.beside(name, "weights.safetensors");
  return {
    context: await withTextEncoder(bench, weights("llama"), (encoder) =>
      encodeInstructed(encoder, llama),
    ),
    pooled: await withTextEncoder(bench, weights("clip-l"), (encoder) =>
      encodePooled(encoder, clip),
    ),
  };
}

/** Model scale, [1, C, T, h, w]. The scheduler's times fall evenly from 1 to 0 before they are shifted. */
function sample(
  folder: Folder,
  bench: Bench,
  golden: GoldenFile,
  positive: Conditioning,
): Promise<GoldenTensor> {
  const { device } = bench;
  const start = golden.get("latents");
  const steps = Number(golden.metadata["steps"]);
  const shift = Number(golden.metadata["shift"]);
  const sigmas = Float32Array.from({ length: steps + 1 }, (_, i) =>
    shiftTime(shift, Math.fround(1 - i / steps)),
  );
  const weights = folder.beside("hunyuan-dit", "weights.safetensors");
  return withDiffusion(bench, weights, [], async (model) => {
    using denoiser = new Denoiser(device, { model, positive, cfg: 1 });
    const values = await runSolver(samplerByName("euler"), {
      device,
      sigmas,
      shift,
      start,
      denoise: (x, sigma) =>
        keep(denoiser.denoise(x, { sigma, timestep: Math.fround(Math.fround(sigma) * FACTOR) })),
    });
    return { shape: start.shape, values };
  });
}

/** Frames in 0..1, channels first. */
function decode(folder: Folder, bench: Bench, final: GoldenTensor): Promise<Float32Array> {
  const { latent } = bench.families.find(
    ({ family }) => family === "hunyuan-video",
  ) as DiffusionFamily;
  const { data, shape } = toLinkScale({ data: final.values, shape: final.shape }, latent);
  return withVae(bench, folder.beside("hunyuan-vae", "weights.safetensors"), async (vae) => {
    const frames = await decodeFrames(vae, bench.device, item({ shape, values: data }, 0));
    return channelsFirst(frames).values.map((value) => Math.min(1, Math.max(0, value / 2 + 0.5)));
  });
}
