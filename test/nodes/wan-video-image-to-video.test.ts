/** Image to video with ComfyUI-WanVideoWrapper's nodes, against the same in ComfyUI's own, and in a file that people share. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { parseDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { writePng } from "#runtime/media/pictures";
import {
  decoded,
  FILES,
  graph,
  GraphRunner,
  resultsOf,
  sampled,
  type Nodes,
} from "../helpers/graph-runs.ts";
import { temporaryFolder } from "../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedPath } from "../helpers/shared.ts";
import { randomArray } from "../helpers/tensors.ts";
import { fileOf, writeWanToys } from "../helpers/wan-toys.ts";

const root = temporaryFolder();
const IMAGE = "picture.png";
const SIZE = { width: 64, height: 64 };
let runner: GraphRunner;
beforeAll(async () => {
  await writeWanToys(root);
  runner = await GraphRunner.start([BUNDLED_MODELS, root]);
  const data = randomArray(64 * 64 * 3, 3, 0.5).map((x) => x + 0.5);
  mkdirSync(runner.settings.inputFolder, { recursive: true });
  const picture = { data, count: 1, ...SIZE, channels: 3 } as const;
  await writePng(join(runner.settings.inputFolder, IMAGE), picture, 0, {});
});
afterAll(() => runner[Symbol.asyncDispose]());

const shared: Nodes = {
  clip: ["CLIPLoader", { clip_name: FILES.text_encoders, type: "wan" }],
  positive: ["CLIPTextEncode", { clip: "@clip.CLIP", text: "a red ball" }],
  negative: ["CLIPTextEncode", { clip: "@clip.CLIP", text: "blurry" }],
  prompts: [
    "WanVideoTextEmbedBridge",
    { positive: "@positive.CONDITIONING", negative: "@negative.CONDITIONING" },
  ],
  image: ["LoadImage", { image: IMAGE }],
  last: ["ImageCrop", { image: "@image.IMAGE", width: 32, height: 32, x: 8, y: 8 }],
  end: [
    "ImageScale",
    { image: "@last.IMAGE", upscale_method: "bilinear", ...SIZE, crop: "disabled" },
  ],
  tower: ["CLIPVisionLoader", { clip_name: fileOf("clip") }],
  wanTower: ["LoadWanVideoClipTextEncoder", { model_name: fileOf("clip") }],
  vae: ["VAELoader", { vae_name: FILES.vae }],
  wanVae: ["WanVideoVAELoader", { model_name: FILES.vae }],
};
const sees = (image: string) =>
  ["CLIPVisionEncode", { clip_vision: "@tower.CLIP_VISION", image, crop: "center" }] as const;
const encoded = (more: Record<string, Json>) =>
  [
    "WanVideoImageToVideoEncode",
    { ...SIZE, num_frames: 9, vae: "@wanVae.vae", start_image: "@image.IMAGE", ...more },
  ] as const;

/** The wrapper's chain for a toy of `wan-toys.ts`. */
function wrapped(
  model: Parameters<typeof fileOf>[0],
  embeds: Record<string, Json>,
  name = "wrapper",
): Nodes {
  const sampling = { steps: 3, cfg: 3, shift: 5, seed: 7, scheduler: "euler" };
  return {
    [`${name}Model`]: ["WanVideoModelLoader", { model: fileOf(model) }],
    [`${name}Clip`]: encoded(embeds),
    [`${name}Sampler`]: [
      "WanVideoSampler",
      {
        model: `@${name}Model.model`,
        image_embeds: `@${name}Clip.image_embeds`,
        text_embeds: "@prompts.text_embeds",
        ...sampling,
      },
    ],
    [name]: ["WanVideoDecode", { samples: `@${name}Sampler.samples`, vae: "@wanVae.vae" }],
  };
}

/** The same in ComfyUI's own nodes. */
function native(
  model: Parameters<typeof fileOf>[0],
  type: string,
  more: Record<string, Json>,
): Nodes {
  const conditioning = { positive: "@positive.CONDITIONING", negative: "@negative.CONDITIONING" };
  return {
    unet: ["UNETLoader", { unet_name: fileOf(model) }],
    shift: ["ModelSamplingSD3", { model: "@unet.MODEL", shift: 5 }],
    made: [
      type,
      {
        ...conditioning,
        vae: "@vae.VAE",
        ...SIZE,
        length: 9,
        batch_size: 1,
        start_image: "@image.IMAGE",
        ...more,
      },
    ],
    native: sampled("@shift.MODEL", {
      scheduler: "normal",
      cfg: 3,
      positive: "@made.positive",
      negative: "@made.negative",
      latent_image: "@made.latent",
    }),
    a: decoded("@native.LATENT"),
  };
}

const SAME = Number.POSITIVE_INFINITY;

describe("ComfyUI-WanVideoWrapper's image to video", () => {
  it("samples Wan 2.1 with what CLIP sees as ComfyUI's own nodes do", async () => {
    const nodes: Nodes = {
      ...shared,
      seen: sees("@image.IMAGE"),
      ...native("i2v", "WanImageToVideo", { clip_vision_output: "@seen.CLIP_VISION_OUTPUT" }),
      wanSeen: [
        "WanVideoClipVisionEncode",
        { clip_vision: "@wanTower.wan_clip_vision", image_1: "@image.IMAGE" },
      ],
      ...wrapped("i2v", { clip_embeds: "@wanSeen.image_embeds" }),
      // Something else is seen beside the negative prompt.
      otherwise: [
        "WanVideoClipVisionEncode",
        {
          clip_vision: "@tower.CLIP_VISION",
          image_1: "@image.IMAGE",
          negative_image: "@end.IMAGE",
        },
      ],
      ...wrapped("i2v", { clip_embeds: "@otherwise.image_embeds" }, "other"),
    };
    expect(await runner.compare(nodes, "a.IMAGE", "wrapper.images")).toBe(SAME);
    expect(await runner.compare(nodes, "wrapper.images", "other.images")).not.toBe(SAME);
  }, 60_000);

  it("takes a last picture, and what is seen in both", async () => {
    const nodes: Nodes = {
      ...shared,
      first: sees("@image.IMAGE"),
      second: sees("@end.IMAGE"),
      ...native("flf2v", "WanFirstLastFrameToVideo", {
        end_image: "@end.IMAGE",
        clip_vision_start_image: "@first.CLIP_VISION_OUTPUT",
        clip_vision_end_image: "@second.CLIP_VISION_OUTPUT",
      }),
      wanSeen: [
        "WanVideoClipVisionEncode",
        {
          clip_vision: "@tower.CLIP_VISION",
          image_1: "@image.IMAGE",
          image_2: "@end.IMAGE",
          combine_embeds: "concat",
        },
      ],
      ...wrapped("flf2v", { clip_embeds: "@wanSeen.image_embeds", end_image: "@end.IMAGE" }),
    };
    expect(await runner.compare(nodes, "a.IMAGE", "wrapper.images")).toBe(SAME);
    const apart = { ...wrapped("flf2v", { end_image: "@end.IMAGE", fun_or_fl2v_model: false }) };
    const show: Nodes = { show: ["PreviewImage", { images: "@wrapper.images" }] };
    await expect(runner.run(graph({ ...shared, ...apart, ...show }))).rejects.toThrow(
      /fun_or_fl2v_model/,
    );
  }, 60_000);

  it("Wan 2.2 goes without CLIP; strengths and noise change the clip", async () => {
    const nodes: Nodes = {
      ...shared,
      ...native("i2v22", "WanImageToVideo", {}),
      ...wrapped("i2v22", {}),
      ...wrapped("i2v22", { start_latent_strength: 0.5 }, "weak"),
      ...wrapped("i2v22", { end_latent_strength: 2 }, "strong"),
      ...wrapped("i2v22", { noise_aug_strength: 0.5 }, "noisy"),
    };
    expect(await runner.compare(nodes, "a.IMAGE", "wrapper.images")).toBe(SAME);
    for (const other of ["weak", "strong", "noisy"]) {
      expect(await runner.compare(nodes, "a.IMAGE", `${other}.images`)).toBeLessThan(90);
    }
  }, 60_000);

  it("says before it runs what it cannot do", () => {
    const validate = (more: Record<string, Json>) =>
      runner.open.engine
        .validate(
          graph({
            ...shared,
            seen: [
              "WanVideoClipVisionEncode",
              { clip_vision: "@tower.CLIP_VISION", image_1: "@image.IMAGE", ...more },
            ],
            ...wrapped("i2v", { clip_embeds: "@seen.image_embeds" }),
            show: ["PreviewImage", { images: "@wrapper.images" }],
          }),
        )
        .problems.map(({ message }) => message)
        .join();
    expect(validate({})).toBe("");
    expect(validate({ tiles: 2 })).toMatch(/not seen in tiles/);
    expect(validate({ combine_embeds: "batch" })).toMatch(/got "batch"/);
  });
});

describe.skipIf(sharedDir() === null)(`a file of others (${NO_SHARED})`, () => {
  const NAME = "kijai_wrapper__wanvideo2_2_I2V_A14B_example_WIP.json";
  const TOY_FILES: readonly (readonly [RegExp, string])[] = [
    [/I2V-A14B/, fileOf("i2v22")],
    [/umt5/, FILES.text_encoders],
    [/VAE/, FILES.vae],
    [/lora|Lightx2v/i, FILES.loras],
    [/oldman/, IMAGE],
  ];
  const SMALL: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
    ImageResizeKJv2: { ...SIZE, divisible_by: 16 },
    WanVideoImageToVideoEncode: { num_frames: 9 },
    // The bundled LoRA is of another width.
    WanVideoLoraSelect: { strength: 0 },
  };

  it("its two samplers run at toy size, the first one's guidance ending with the first step", async () => {
    const facts = descriptionFacts(runner.open.registry.descriptions);
    const bytes = readFileSync(sharedPath(`comfyui/workflows/${NAME}`));
    const opened = await openGraphBytes(NAME, bytes, facts);
    const document = parseDocument(JSON.stringify(opened.document));
    for (const node of Object.values(document.nodes)) {
      for (const [key, value] of Object.entries(node.values)) {
        const file = TOY_FILES.find(
          ([pattern]) =>
            typeof value === "string" && key !== "positive_prompt" && pattern.test(value),
        );
        if (file !== undefined) node.values[key] = file[1];
      }
      Object.assign(node.values, SMALL[node.type] ?? {});
    }
    const { problems } = runner.open.engine.validate(document);
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    const events = await runner.run(document);
    expect(events.at(-1)).toMatchObject({ type: "job_finished" });
    expect(resultsOf(events)).toMatchObject([{ frames: 9, ...SIZE }]);
  }, 90_000);
});
