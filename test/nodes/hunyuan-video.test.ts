/** ComfyUI's template of HunyuanVideo and the radial example, with random weights of toy size. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { planDocument } from "#runtime/engine/plan-document";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import clipText from "#runtime/models/clip-text";
import hunyuanVae from "#runtime/models/hunyuan-vae";
import hunyuanVideo from "#runtime/models/hunyuan-video";
import llama from "#runtime/models/llama";
import { graph, GraphRunner, resultsOf } from "../helpers/graph-runs.ts";
import { NO_SHARED, sharedDir, sharedPath } from "../helpers/shared.ts";
import { llamaTokenizerJson, writeClipVocabulary, writeToyModel } from "../helpers/toy-models.ts";
import { ROOT, scratchFolder, workerSettings } from "../helpers/umbel-process.ts";

const FILES = {
  dit: "hunyuan_video_t2v_720p_bf16.safetensors",
  vae: "hunyuan_video_vae_bf16.safetensors",
  llama: "llava_llama3_fp8_scaled.safetensors",
  clip: "clip_l.safetensors",
};
const TEXT_WIDTH = 48;
const POOLED_WIDTH = 32;

/** Models where ComfyUI has them, tokenisers where its program does. */
function writeModels(comfy: string): string {
  const models = join(comfy, "models");
  writeToyModel(join(models, "diffusion_models", FILES.dit), hunyuanVideo, {
    dim: 64,
    headDim: 32,
    mlpDim: 96,
    doubleBlocks: 1,
    singleBlocks: 2,
    refinerBlocks: 1,
    refinerMlpDim: 80,
    channels: 16,
    textDim: TEXT_WIDTH,
    pooledDim: POOLED_WIDTH,
    timeDim: 32,
    patch: [1, 2, 2],
    guided: true,
  });
  const vae = { widths: [8, 16, 16, 16], blocks: 1, groups: 4, tileSize: 256, tileFrames: 64 };
  writeToyModel(
    join(models, "vae", FILES.vae),
    hunyuanVae,
    { ...vae, latentChannels: 16, frameChannels: 3 },
    { config: JSON.stringify({ norm_num_groups: 4 }) },
  );
  const encoders = join(models, "text_encoders");
  const heads = { heads: 4, keyHeads: 2, headDim: 12, layers: 4, theta: 500_000, eps: 1e-5 };
  const pairs = "halves" as const;
  writeToyModel(
    join(encoders, FILES.llama),
    llama,
    { ...heads, pairs, vocabulary: 110, width: TEXT_WIDTH, hidden: 64 },
    { config: JSON.stringify({ num_attention_heads: 4 }) },
  );
  writeToyModel(
    join(encoders, FILES.clip),
    clipText,
    { vocabulary: 200, width: POOLED_WIDTH, heads: 2, hidden: 64, layers: 2, positions: 77 },
    { config: JSON.stringify({ num_attention_heads: 2 }) },
  );
  const tokenizer = join(comfy, "comfy/text_encoders/llama_tokenizer");
  mkdirSync(tokenizer, { recursive: true });
  writeFileSync(join(tokenizer, "tokenizer.json"), llamaTokenizerJson());
  writeClipVocabulary(join(comfy, "comfy/sd1_tokenizer"));
  return models;
}

let runner: GraphRunner;
beforeAll(async () => {
  runner = await GraphRunner.start([writeModels(scratchFolder())]);
});
afterAll(() => runner[Symbol.asyncDispose]());

function changed(
  document: GraphDocument,
  values: Readonly<Record<string, Readonly<Record<string, Json>>>>,
): GraphDocument {
  const copy = parseDocument(JSON.stringify(document));
  for (const node of Object.values(copy.nodes)) Object.assign(node.values, values[node.type] ?? {});
  return copy;
}

const SMALL = {
  EmptyHunyuanLatentVideo: { width: 64, height: 48, length: 9 },
  BasicScheduler: { steps: 2 },
  RadialAttentionSampler: { steps: 3, dense_steps: 1, block_size: 64 },
};
const example = () =>
  parseDocument(readFileSync(join(ROOT, "examples/hunyuan-video-radial.json"), "utf8"));

const settings = {
  ...workerSettings("unused"),
  device: "null",
  models: [join(ROOT, "models")],
  nodes: [join(ROOT, "nodes")],
} as const;
const plan = (document: GraphDocument) =>
  planDocument(document, settings, new AbortController().signal);

describe("the radial example", () => {
  it("runs at toy size, end to end", async () => {
    const events = await runner.run(changed(example(), SMALL));
    expect(resultsOf(events)).toMatchObject([{ kind: "video", frames: 9, width: 64, height: 48 }]);
  }, 60_000);

  it("plans at full size without its files, and sparse attention saves work", async () => {
    const { assumed, attentionFlops, denseAttentionFlops } = await plan(
      changed(example(), { RadialAttentionSampler: { steps: 4, dense_steps: 1 } }),
    );
    expect(Object.fromEntries(assumed)).toEqual({
      [FILES.dit]: "HunyuanVideo 13B",
      [FILES.vae]: "HunyuanVideo VAE",
      [FILES.llama]: "LLaVA-LLaMA-3 8B",
      [FILES.clip]: "CLIP-L",
    });
    expect(attentionFlops / denseAttentionFlops).toBeLessThan(0.6);
  }, 60_000);
});

describe.skipIf(sharedDir() === null)(`ComfyUI's template (${NO_SHARED})`, () => {
  const read = async () => {
    const name = "examples__hunyuan_video_hunyuan_video_text_to_video.json";
    const bytes = readFileSync(sharedPath(`comfyui/workflows/${name}`));
    return openGraphBytes(name, bytes, descriptionFacts(runner.open.registry.descriptions));
  };

  it("validates without a word", async () => {
    const { document, report } = await read();
    expect(report.filter(({ severity }) => severity === "warning")).toEqual([]);
    expect(runner.open.engine.validate(document).problems).toEqual([]);
  });

  it("runs at toy size, end to end, and plans at full size", async () => {
    const { document } = await read();
    const events = await runner.run(changed(document, SMALL));
    expect(resultsOf(events)).toMatchObject([{ kind: "image", frames: 9, width: 64, height: 48 }]);
    const { flops } = await plan(changed(document, { BasicScheduler: { steps: 1 } }));
    expect(flops).toBeGreaterThan(1e15);
  }, 90_000);
});

describe("prompts", () => {
  const encoded = (clip: Record<string, Json>, text = "a cat", loader = "DualCLIPLoader") =>
    runner.run(
      graph({
        unet: ["UNETLoader", { unet_name: FILES.dit }],
        vae: ["VAELoader", { vae_name: FILES.vae }],
        clip: [loader, clip],
        prompt: ["CLIPTextEncode", { clip: "@clip.CLIP", text }],
        guided: ["FluxGuidance", { conditioning: "@prompt.CONDITIONING", guidance: 6 }],
        latent: ["EmptyHunyuanLatentVideo", { width: 32, height: 32, length: 1 }],
        sampler: [
          "KSampler",
          {
            model: "@unet.MODEL",
            seed: 1,
            steps: 1,
            cfg: 1,
            sampler_name: "euler",
            scheduler: "simple",
            positive: "@guided.CONDITIONING",
            negative: "@guided.CONDITIONING",
            latent_image: "@latent.LATENT",
          },
        ],
        decode: ["VAEDecode", { samples: "@sampler.LATENT", vae: "@vae.VAE" }],
        show: ["PreviewImage", { images: "@decode.IMAGE" }],
      }),
    );
  const both = { type: "hunyuan_video", device: "default" };
  const messages = (events: Awaited<ReturnType<typeof encoded>>) => JSON.stringify(events);

  it("the two encoders may stand in either order", async () => {
    for (const [clip_name1, clip_name2] of [
      [FILES.clip, FILES.llama],
      [FILES.llama, FILES.clip],
    ] as const) {
      const events = await encoded({ ...both, clip_name1, clip_name2 });
      expect(events.at(-1)).toMatchObject({ type: "job_finished" });
    }
  });

  it("files of either form may be loaded by the node for GGUF", async () => {
    const clip = { type: "hunyuan_video", clip_name1: FILES.clip, clip_name2: FILES.llama };
    const events = await encoded(clip, "a cat", "DualCLIPLoaderGGUF");
    expect(events.at(-1)).toMatchObject({ type: "job_finished" });
  });

  it("one of them twice, or alone, is refused in words", async () => {
    const files = (clip_name1: string, clip_name2: string) =>
      encoded({ ...both, clip_name1, clip_name2 });
    await expect(files(FILES.clip, FILES.clip)).rejects.toThrow(/one larger text encoder/);
    await expect(files(FILES.llama, FILES.llama)).rejects.toThrow(/Expected CLIP-L/);
    const alone = (clip_name: string) =>
      encoded({ clip_name, type: "wan", device: "default" }, "a cat", "CLIPLoader");
    await expect(alone(FILES.llama)).rejects.toThrow(/Load both with DualCLIPLoader/);
    await expect(alone(FILES.clip)).rejects.toThrow(/one of two with DualCLIPLoader/);
  });

  it("weights of words change the clip without a warning", async () => {
    const clip = { ...both, clip_name1: FILES.clip, clip_name2: FILES.llama };
    const events = await encoded(clip, "a (red:1.3) cat");
    expect(events.at(-1)).toMatchObject({ type: "job_finished" });
    expect(messages(events)).not.toMatch(/warning/);
  });
});
