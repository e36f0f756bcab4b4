/** Chains of ComfyUI-WanVideoWrapper against the same in ComfyUI's own nodes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDocument } from "#runtime/engine/open-graph";
import type { Json } from "#runtime/graph/json";
import { hasErrors } from "#runtime/graph/problems";
import {
  decoded,
  FILES,
  graph,
  GraphRunner,
  NATIVE,
  PROMPT,
  resultsOf,
  sampled,
  type Nodes,
} from "../helpers/graph-runs.ts";

let runner: GraphRunner;
beforeAll(async () => {
  runner = await GraphRunner.start();
});
afterAll(() => runner[Symbol.asyncDispose]());

describe("ComfyUI-WanVideoWrapper", () => {
  const WRAPPER: Nodes = {
    loader: ["WanVideoModelLoader", { model: FILES.diffusion_models }],
    t5: ["LoadWanVideoT5TextEncoder", { model_name: FILES.text_encoders }],
    prompts: [
      "WanVideoTextEncode",
      { positive_prompt: PROMPT, negative_prompt: "", t5: "@t5.wan_t5_model" },
    ],
    size: ["WanVideoEmptyEmbeds", { width: 128, height: 128, num_frames: 9 }],
    wanVae: ["WanVideoVAELoader", { model_name: FILES.vae }],
  };
  const wrapped = (model: string, more: Record<string, Json> = {}) =>
    [
      "WanVideoSampler",
      {
        model,
        image_embeds: "@size.image_embeds",
        text_embeds: "@prompts.text_embeds",
        steps: 3,
        cfg: 1,
        shift: 5,
        seed: 7,
        scheduler: "euler",
        ...more,
      },
    ] as const;
  const shown = (samples: string) => ["WanVideoDecode", { samples, vae: "@wanVae.vae" }] as const;
  const both: Nodes = { ...NATIVE, ...WRAPPER };

  it("samples what ComfyUI's own nodes sample with the same solver and levels", async () => {
    const nodes: Nodes = {
      ...both,
      shift: ["ModelSamplingSD3", { model: "@unet.MODEL", shift: 5 }],
      native: sampled("@shift.MODEL", { scheduler: "normal", cfg: 4 }),
      wrapper: wrapped("@loader.model", { cfg: 4 }),
      a: decoded("@native.LATENT"),
      b: shown("@wrapper.samples"),
    };
    expect(await runner.compare(nodes, "a.IMAGE", "b.images")).toBe(Number.POSITIVE_INFINITY);
  }, 60_000);

  it("takes LoRAs, prompts of the other kind and radial attention as ours do", async () => {
    const lora = { lora: FILES.loras, strength: 0.7 };
    const radial = { decay_factor: 0.2, block_size: 64 };
    const chain = { ...radial, dense_blocks: 1, dense_timesteps: 1 };
    const nodes: Nodes = {
      ...both,
      select: ["WanVideoLoraSelect", lora],
      more: [
        "WanVideoLoraSelectMulti",
        { lora_0: "none", lora_1: FILES.loras, strength_1: 0.1, prev_lora: "@select.lora" },
      ],
      radialLoader: [
        "WanVideoModelLoader",
        { model: FILES.diffusion_models, attention_mode: "radial_sage_attention" },
      ],
      loras: ["WanVideoSetLoRAs", { model: "@radialLoader.model", lora: "@more.lora" }],
      set: ["WanVideoSetRadialAttention", { ...chain, model: "@loras.model" }],
      bridge: [
        "WanVideoTextEmbedBridge",
        { positive: "@positive.CONDITIONING", negative: "@negative.CONDITIONING" },
      ],
      wrapper: wrapped("@set.model", { text_embeds: "@bridge.text_embeds" }),
      first: [
        "LoraLoaderModelOnly",
        { model: "@unet.MODEL", lora_name: FILES.loras, strength_model: 0.7 },
      ],
      second: [
        "LoraLoaderModelOnly",
        { model: "@first.MODEL", lora_name: FILES.loras, strength_model: 0.1 },
      ],
      ours: [
        "RadialAttention",
        { ...radial, model: "@second.MODEL", dense_layers: 1, dense_steps: 1 },
      ],
      shift: ["ModelSamplingSD3", { model: "@ours.MODEL", shift: 5 }],
      native: sampled("@shift.MODEL", { scheduler: "normal" }),
      a: decoded("@native.LATENT"),
      b: shown("@wrapper.samples"),
      // In another mode of the loader the settings do nothing.
      denseLoras: ["WanVideoSetLoRAs", { model: "@loader.model", lora: "@more.lora" }],
      unused: ["WanVideoSetRadialAttention", { ...chain, model: "@denseLoras.model" }],
      stillDense: wrapped("@unused.model", { text_embeds: "@bridge.text_embeds" }),
      denseShift: ["ModelSamplingSD3", { model: "@second.MODEL", shift: 5 }],
      nativeDense: sampled("@denseShift.MODEL", { scheduler: "normal" }),
      c: decoded("@nativeDense.LATENT"),
      d: shown("@stillDense.samples"),
    };
    expect(await runner.compare(nodes, "a.IMAGE", "b.images")).toBe(Number.POSITIVE_INFINITY);
    expect(await runner.compare(nodes, "c.IMAGE", "d.images")).toBe(Number.POSITIVE_INFINITY);
    expect(await runner.compare(nodes, "a.IMAGE", "d.images")).toBeLessThan(60);
  }, 60_000);

  it("hands a latent on from one sampler to the next", async () => {
    const nodes: Nodes = {
      ...both,
      whole: wrapped("@loader.model"),
      head: wrapped("@loader.model", { end_step: 2 }),
      tail: wrapped("@loader.model", { start_step: 2, samples: "@head.samples" }),
      a: shown("@whole.samples"),
      b: shown("@tail.samples"),
    };
    expect(await runner.compare(nodes, "a.images", "b.images")).toBeGreaterThan(60);
  }, 60_000);

  it("takes guidance by step", async () => {
    const schedule = (from: number, to: number, end_percent: number) =>
      [
        "CreateCFGScheduleFloatList",
        { steps: 3, cfg_scale_start: from, cfg_scale_end: to, end_percent },
      ] as const;
    const nodes: Nodes = {
      ...both,
      constant: schedule(4, 4, 1),
      once: schedule(4, 4, 0.1),
      none: schedule(1, 1, 1),
      a: wrapped("@loader.model", { cfg: 4 }),
      b: wrapped("@loader.model", { cfg: "@constant.float_list" }),
      // The first step with guidance, the others from its latent without.
      head: wrapped("@loader.model", { cfg: 4, end_step: 1 }),
      c: wrapped("@loader.model", { start_step: 1, samples: "@head.samples" }),
      d: wrapped("@loader.model", { cfg: "@once.float_list" }),
      e: wrapped("@loader.model", {}),
      f: wrapped("@loader.model", { cfg: "@none.float_list" }),
      ...Object.fromEntries(
        ["a", "b", "c", "d", "e", "f"].map((name) => [`${name}2`, shown(`@${name}.samples`)]),
      ),
    };
    const same = Number.POSITIVE_INFINITY;
    expect(await runner.compare(nodes, "a2.images", "b2.images")).toBe(same);
    expect(await runner.compare(nodes, "c2.images", "d2.images")).toBeGreaterThan(60);
    expect(await runner.compare(nodes, "e2.images", "f2.images")).toBe(same);
    expect(await runner.compare(nodes, "a2.images", "d2.images")).toBeLessThan(60);
  }, 60_000);

  it("refuses guidance by step where one number is meant", async () => {
    const nodes: Nodes = {
      ...both,
      list: ["CreateCFGScheduleFloatList", { steps: 3 }],
      shift: ["ModelSamplingSD3", { model: "@unet.MODEL", shift: "@list.float_list" }],
      native: sampled("@shift.MODEL"),
      a: decoded("@native.LATENT"),
      show: ["PreviewImage", { images: "@a.IMAGE" }],
    };
    await expect(runner.run(graph(nodes))).rejects.toThrow(/one number, got a list of 3/);
  });

  it("scales a prompt as a whole by its weights", async () => {
    const nodes: Nodes = {
      ...WRAPPER,
      weighed: [
        "WanVideoTextEncode",
        {
          positive_prompt: PROMPT.replace("red", "(red:1.5)"),
          negative_prompt: "",
          t5: "@t5.wan_t5_model",
        },
      ],
      a: wrapped("@loader.model"),
      b: wrapped("@loader.model", { text_embeds: "@weighed.text_embeds" }),
      c: shown("@a.samples"),
      d: shown("@b.samples"),
    };
    expect(await runner.compare(nodes, "c.images", "d.images")).toBeLessThan(60);
  }, 60_000);

  it.each([
    ["a scheduler that is not sampled", { scheduler: "multitalk" }, "which is not sampled here"],
    ["steps that are not the model's", { scheduler: "flowmatch_distill" }, "Expected 4 steps"],
    ["RIFLEx", { riflex_freq_index: 6 }, "RIFLEx is not made here"],
  ])("says before it runs that it cannot do %s", (_name, more, words) => {
    const { problems } = runner.open.engine.validate(
      graph({
        ...WRAPPER,
        sampler: wrapped("@loader.model", { steps: 6, ...more }),
        show: shown("@sampler.samples"),
        save: ["SaveWEBM", { images: "@show.images" }],
      }),
    );
    expect(problems.map(({ message }) => message).join("\n")).toContain(words);
    expect(hasErrors(problems)).toBe(true);
  });

  it.each([
    "unipc",
    "dpm++",
    "dpm++_sde/beta",
    "lcm",
    "deis",
    "res_multistep",
    "flowmatch_causvid",
  ])("samples with %s", async (scheduler) => {
    const events = await runner.run(
      graph({
        ...WRAPPER,
        size: ["WanVideoEmptyEmbeds", { width: 64, height: 64, num_frames: 5 }],
        sampler: wrapped("@loader.model", { scheduler, steps: 3 }),
        show: shown("@sampler.samples"),
        save: ["PreviewImage", { images: "@show.images" }],
      }),
    );
    expect(events.at(-1)).toMatchObject({ type: "job_finished" });
  });

  it.each(["video/h264-mp4", "video/webm", "image/webp"])(
    "VHS_VideoCombine writes %s",
    async (format) => {
      const events = await runner.run(
        graph({
          ...WRAPPER,
          size: ["WanVideoEmptyEmbeds", { width: 64, height: 64, num_frames: 5 }],
          sampler: wrapped("@loader.model", { steps: 1 }),
          show: shown("@sampler.samples"),
          save: [
            "VHS_VideoCombine",
            { images: "@show.images", frame_rate: 16, format, pingpong: true, save_output: false },
          ],
        }),
      );
      const [result] = resultsOf(events);
      expect(result).toMatchObject({ frames: 8, fps: 16, temporary: true, width: 64 });
      const path = result !== undefined && "path" in result ? result.path : "";
      expect((await openDocument(path)).document.nodes).toHaveProperty("save");
    },
  );
});
