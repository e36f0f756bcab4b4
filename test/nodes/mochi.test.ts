/** ComfyUI's template of Mochi and the radial example, with random weights of toy size. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { planDocument } from "#runtime/engine/plan-document";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import mochi from "#runtime/models/mochi";
import mochiVae from "#runtime/models/mochi-vae";
import umt5 from "#runtime/models/umt5";
import { graph, GraphRunner, resultsOf } from "../helpers/graph-runs.ts";
import { NO_SHARED, sharedDir, sharedPath } from "../helpers/shared.ts";
import { unigramTokenizerJson, writeToyModel } from "../helpers/toy-models.ts";
import { ROOT, scratchFolder, workerSettings } from "../helpers/umbel-process.ts";

const FILES = {
  dit: "mochi_preview_bf16.safetensors",
  vae: "mochi_vae.safetensors",
  t5: "t5xxl_fp16.safetensors",
};
const TEXT_WIDTH = 48;

/** Models where ComfyUI has them, the tokeniser where its program does. */
function writeModels(comfy: string): string {
  const models = join(comfy, "models");
  writeToyModel(join(models, "diffusion_models", FILES.dit), mochi, {
    dim: 64,
    textWidth: 32,
    heads: 2,
    headDim: 32,
    mlpDim: 96,
    textMlpDim: 48,
    layers: 3,
    channels: 12,
    textDim: TEXT_WIDTH,
    timeDim: 32,
    patch: [1, 2, 2],
  });
  const { config } = mochiVae.published[0]!;
  const narrow = (levels: typeof config.decoder) =>
    levels!.map((level) => ({ ...level, channels: 32, blocks: 1 }));
  const encoder = narrow(config.encoder).map((level, i) => {
    const place = i === 0 || i === 4 ? "encoder.layers" : `encoder.layers.${i + 1}.layers`;
    return { ...level, name: place };
  });
  writeToyModel(join(models, "vae", FILES.vae), mochiVae, {
    ...config,
    decoder: narrow(config.decoder),
    encoder,
  });
  writeToyModel(join(models, "text_encoders", FILES.t5), umt5, {
    vocabulary: 110,
    width: TEXT_WIDTH,
    heads: 4,
    headDim: 12,
    hidden: 64,
    layers: 2,
    buckets: 32,
    maxDistance: 128,
    sharedBias: true,
  });
  const tokenizer = join(comfy, "comfy/text_encoders/t5_tokenizer");
  mkdirSync(tokenizer, { recursive: true });
  writeFileSync(join(tokenizer, "tokenizer.json"), unigramTokenizerJson());
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
  EmptyMochiLatentVideo: { width: 64, height: 48, length: 13 },
  KSampler: { steps: 2 },
  RadialAttentionSampler: { steps: 3, dense_steps: 1, block_size: 64 },
};
const example = () => parseDocument(readFileSync(join(ROOT, "examples/mochi-radial.json"), "utf8"));

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
    expect(resultsOf(events)).toMatchObject([{ kind: "video", frames: 13, width: 64, height: 48 }]);
  }, 60_000);

  it("plans at full size without its files, and sparse attention saves work", async () => {
    const { assumed, attentionFlops, denseAttentionFlops } = await plan(
      changed(example(), { RadialAttentionSampler: { steps: 2, dense_steps: 0 } }),
    );
    expect(Object.fromEntries(assumed)).toEqual({
      [FILES.dit]: "Mochi 1 preview",
      [FILES.vae]: "Mochi VAE",
      [FILES.t5]: "T5-XXL v1.1",
    });
    expect(attentionFlops / denseAttentionFlops).toBeLessThan(0.8);
  }, 60_000);
});

describe.skipIf(sharedDir() === null)(`ComfyUI's template (${NO_SHARED})`, () => {
  it("validates without a word, and runs at toy size, end to end", async () => {
    const name = "examples__mochi_mochi_text_to_video_example.json";
    const bytes = readFileSync(sharedPath(`comfyui/workflows/${name}`));
    const facts = descriptionFacts(runner.open.registry.descriptions);
    const { document, report } = await openGraphBytes(name, bytes, facts);
    expect(report.filter(({ severity }) => severity === "warning")).toEqual([]);
    expect(runner.open.engine.validate(document).problems).toEqual([]);
    const events = await runner.run(changed(document, SMALL));
    expect(resultsOf(events)).toMatchObject([{ kind: "image", frames: 13, width: 64, height: 48 }]);
  }, 60_000);
});

it("frames go through the autoencoder and back in groups of six, plus one", async () => {
  const events = await runner.run(
    graph({
      vae: ["VAELoader", { vae_name: FILES.vae }],
      latent: ["EmptyMochiLatentVideo", { width: 32, height: 32, length: 15 }],
      decode: ["VAEDecode", { samples: "@latent.LATENT", vae: "@vae.VAE" }],
      encode: ["VAEEncode", { pixels: "@decode.IMAGE", vae: "@vae.VAE" }],
      again: ["VAEDecode", { samples: "@encode.LATENT", vae: "@vae.VAE" }],
      show: ["PreviewImage", { images: "@again.IMAGE" }],
    }),
  );
  expect(resultsOf(events)).toHaveLength(13);
}, 60_000);
