/** Wan 2.2 and image to video: the graphs that people share, at a small size with random weights. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { planDocument } from "#runtime/engine/plan-document";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { writePng } from "#runtime/media/pictures";
import { FILES, graph, GraphRunner, resultsOf, type Nodes } from "../helpers/graph-runs.ts";
import { temporaryFolder } from "../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedPath } from "../helpers/shared.ts";
import { randomArray } from "../helpers/tensors.ts";
import { fileOf, writeWanToys } from "../helpers/wan-toys.ts";

const root = temporaryFolder();
let runner: GraphRunner;

const IMAGE = "picture.png";
const SIZE = { width: 64, height: 64, length: 9, batch_size: 1 };

beforeAll(async () => {
  await writeWanToys(root);
  runner = await GraphRunner.start([BUNDLED_MODELS, root]);
  const frames = { data: randomArray(48 * 80 * 3, 3, 0.5).map((x) => x + 0.5), count: 1 };
  const picture = { ...frames, height: 48, width: 80, channels: 3 } as const;
  mkdirSync(runner.settings.inputFolder, { recursive: true });
  await writePng(join(runner.settings.inputFolder, IMAGE), picture, 0, {});
});
afterAll(() => runner[Symbol.asyncDispose]());

const prompts: Nodes = {
  clip: ["CLIPLoader", { clip_name: FILES.text_encoders, type: "wan" }],
  positive: ["CLIPTextEncode", { clip: "@clip.CLIP", text: "a red ball" }],
  negative: ["CLIPTextEncode", { clip: "@clip.CLIP", text: "blurry" }],
  image: ["LoadImage", { image: IMAGE }],
};
const vision: Nodes = {
  tower: ["CLIPVisionLoader", { clip_name: fileOf("clip") }],
  seen: [
    "CLIPVisionEncode",
    { clip_vision: "@tower.CLIP_VISION", image: "@image.IMAGE", crop: "none" },
  ],
};
const vae21: Nodes = { vae: ["VAELoader", { vae_name: FILES.vae }] };
const saved = (samples: string): Nodes => ({
  decode: ["VAEDecode", { samples, vae: "@vae.VAE" }],
  show: ["PreviewImage", { images: "@decode.IMAGE" }],
});

async function finishes(nodes: Nodes): Promise<number> {
  const events = await runner.run(graph(nodes));
  expect(events.filter(({ type }) => type === "job_failed")).toEqual([]);
  expect(events.at(-1)).toMatchObject({ type: "job_finished" });
  return resultsOf(events).length;
}

const conditioned = (type: string, more: Record<string, Json>): Nodes => ({
  made: [
    type,
    {
      positive: "@positive.CONDITIONING",
      negative: "@negative.CONDITIONING",
      vae: "@vae.VAE",
      ...SIZE,
      ...more,
    },
  ],
});
const fromMade = {
  steps: 2,
  cfg: 3,
  sampler_name: "euler",
  scheduler: "simple",
  positive: "@made.positive",
  negative: "@made.negative",
  latent_image: "@made.latent",
};

describe("image to video", () => {
  it("Wan 2.1 with what CLIP sees", async () => {
    const count = await finishes({
      ...prompts,
      ...vision,
      ...vae21,
      unet: ["UNETLoader", { unet_name: fileOf("i2v") }],
      ...conditioned("WanImageToVideo", {
        start_image: "@image.IMAGE",
        clip_vision_output: "@seen.CLIP_VISION_OUTPUT",
      }),
      sample: ["KSampler", { model: "@unet.MODEL", ...fromMade }],
      ...saved("@sample.LATENT"),
    });
    expect(count).toBe(9);
  }, 60_000);

  it("first and last frame", async () => {
    const count = await finishes({
      ...prompts,
      ...vision,
      ...vae21,
      unet: ["UNETLoader", { unet_name: fileOf("flf2v") }],
      small: [
        "ImageScale",
        { image: "@image.IMAGE", upscale_method: "lanczos", width: 40, height: 0, crop: "center" },
      ],
      ...conditioned("WanFirstLastFrameToVideo", {
        start_image: "@image.IMAGE",
        end_image: "@small.IMAGE",
        clip_vision_start_image: "@seen.CLIP_VISION_OUTPUT",
        clip_vision_end_image: "@seen.CLIP_VISION_OUTPUT",
      }),
      sample: ["KSampler", { model: "@unet.MODEL", ...fromMade }],
      ...saved("@sample.LATENT"),
    });
    expect(count).toBe(9);
  }, 60_000);

  it("Wan 2.2 A14B: two samplers, and one that switches by itself", async () => {
    const nodes: Nodes = {
      ...prompts,
      ...vae21,
      high: ["UNETLoader", { unet_name: fileOf("i2v22") }],
      low: ["UNETLoader", { unet_name: fileOf("i2v22"), weight_dtype: "fp8_e4m3fn" }],
      ...conditioned("WanImageToVideo", { start_image: "@image.IMAGE" }),
    };
    const { steps: _, cfg: __, ...shared } = fromMade;
    const parts = { ...shared, steps: 4, cfg: 3, noise_seed: 5 };
    await finishes({
      ...nodes,
      first: [
        "KSamplerAdvanced",
        {
          model: "@high.MODEL",
          ...parts,
          add_noise: "enable",
          end_at_step: 2,
          return_with_leftover_noise: "enable",
        },
      ],
      second: [
        "KSamplerAdvanced",
        {
          model: "@low.MODEL",
          ...parts,
          add_noise: "disable",
          start_at_step: 2,
          latent_image: "@first.LATENT",
        },
      ],
      ...saved("@second.LATENT"),
    });
    await finishes({
      ...nodes,
      both: [
        "WanTwoExpertSampler",
        {
          ...shared,
          model_high_noise: "@high.MODEL",
          model_low_noise: "@low.MODEL",
          steps: 4,
          seed: 5,
          cfg_low_noise: 1,
        },
      ],
      ...saved("@both.LATENT"),
    });
  }, 60_000);

  it("Wan 2.2 TI2V from an image", async () => {
    const count = await finishes({
      ...prompts,
      vae: ["VAELoader", { vae_name: fileOf("vae22") }],
      unet: ["UNETLoader", { unet_name: fileOf("ti2v") }],
      latent: [
        "Wan22ImageToVideoLatent",
        { vae: "@vae.VAE", ...SIZE, start_image: "@image.IMAGE" },
      ],
      sample: [
        "KSampler",
        {
          ...fromMade,
          model: "@unet.MODEL",
          positive: "@positive.CONDITIONING",
          negative: "@negative.CONDITIONING",
          latent_image: "@latent.LATENT",
        },
      ],
      ...saved("@sample.LATENT"),
    });
    expect(count).toBe(9);
  }, 60_000);
});

describe.skipIf(sharedDir() === null)(`templates (${NO_SHARED})`, () => {
  const TOY_FILES: Readonly<Record<string, string>> = {
    "wan2.2_vae.safetensors": fileOf("vae22"),
    "wan2.2_ti2v_5B_fp16.safetensors": fileOf("ti2v"),
    "umt5_xxl_fp8_e4m3fn_scaled.safetensors": FILES.text_encoders,
    "clip_vision_h.safetensors": fileOf("clip"),
    "wan2.1_i2v_480p_14B_fp16.safetensors": fileOf("i2v"),
    "wan_2.1_vae.safetensors": FILES.vae,
    "flux_dev_example.png": IMAGE,
  };
  const SMALL: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
    Wan22ImageToVideoLatent: SIZE,
    WanImageToVideo: SIZE,
    KSampler: { steps: 2 },
  };

  async function template(name: string): Promise<GraphDocument> {
    const bytes = readFileSync(sharedPath(`comfyui/workflows/${name}`));
    const facts = descriptionFacts(runner.open.registry.descriptions);
    return (await openGraphBytes(name, bytes, facts)).document;
  }

  it.each([
    ["examples__wan22_text_to_video_wan22_5B.json", 1],
    ["nunchaku_pr443__wan_2.1_i2v_14B.json", 1],
  ])(
    "%s runs at toy size and plans at its own",
    async (name, results) => {
      const document = await template(name);
      const toy = parseDocument(JSON.stringify(document));
      for (const node of Object.values(toy.nodes)) {
        for (const [key, value] of Object.entries(node.values)) {
          const file = typeof value === "string" ? TOY_FILES[value] : undefined;
          if (file !== undefined) node.values[key] = file;
        }
        Object.assign(node.values, SMALL[node.type] ?? {});
      }
      const { problems } = runner.open.engine.validate(toy);
      expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
      const events = await runner.run(toy);
      expect(events.at(-1)).toMatchObject({ type: "job_finished" });
      expect(resultsOf(events).length).toBeGreaterThanOrEqual(results);

      const own = parseDocument(JSON.stringify(document));
      for (const node of Object.values(own.nodes)) {
        if (node.type === "LoadImage") node.values["image"] = IMAGE;
      }
      const settings = { ...runner.settings, models: [BUNDLED_MODELS] };
      const plan = await planDocument(own, settings, new AbortController().signal);
      expect(plan.flops).toBeGreaterThan(1e15);
      expect([...plan.assumed.keys()]).not.toEqual([]);
    },
    120_000,
  );
});
