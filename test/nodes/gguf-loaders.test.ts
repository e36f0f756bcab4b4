/** Graphs with models and text encoders from GGUF files. */
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { listModels, modelFacts } from "#runtime/engine/model-listing";
import { FILES, graph, GraphRunner, resultsOf } from "../helpers/graph-runs.ts";
import { temporaryFolder } from "../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedPath } from "../helpers/shared.ts";

const present = sharedDir() !== null && existsSync(sharedPath("goldens/gguf"));

describe.skipIf(!present)(`GGUF files in a graph (${NO_SHARED})`, () => {
  const root = temporaryFolder();
  let runner: GraphRunner;
  beforeAll(async () => {
    const files = {
      "unet/wan_q4_k_m.gguf": "gguf/wan/q4_k_m.gguf",
      "clip/t5_q8_0.gguf": "gguf/t5/q8_0.gguf",
      "loras/style.safetensors": "wan/wan-lora/original_lora_AB.safetensors",
    };
    for (const [name, from] of Object.entries(files)) {
      mkdirSync(join(root, name, ".."), { recursive: true });
      copyFileSync(sharedPath(`goldens/${from}`), join(root, name));
    }
    runner = await GraphRunner.start([BUNDLED_MODELS, root]);
  });
  afterAll(() => runner[Symbol.asyncDispose]());

  it("the folders list them with what they are", async () => {
    const found = listModels([root]).filter(({ name }) => name.endsWith(".gguf"));
    const facts = await Promise.all(found.map(({ path }) => modelFacts(path)));
    expect(found.map(({ folder, name }) => [folder, name])).toEqual([
      ["diffusion_models", "wan_q4_k_m.gguf"],
      ["text_encoders", "t5_q8_0.gguf"],
    ]);
    expect(facts).toMatchObject([
      { kind: "diffusion", family: "Wan 2.1", problem: null },
      { kind: "text-encoder", precision: "q8_0", problem: null },
    ]);
  });

  it("a clip is sampled with both and a LoRA", async () => {
    const events = await runner.run(
      graph({
        unet: ["UnetLoaderGGUF", { unet_name: "wan_q4_k_m.gguf" }],
        lora: ["LoraLoaderModelOnly", { model: "@unet.MODEL", lora_name: "style.safetensors" }],
        clip: ["CLIPLoaderGGUF", { clip_name: "t5_q8_0.gguf", type: "wan" }],
        vae: ["VAELoader", { vae_name: FILES.vae }],
        positive: ["CLIPTextEncode", { clip: "@clip.CLIP", text: "a ball" }],
        negative: ["CLIPTextEncode", { clip: "@clip.CLIP", text: "" }],
        latent: ["EmptyHunyuanLatentVideo", { width: 64, height: 64, length: 5 }],
        sample: [
          "KSampler",
          {
            model: "@lora.MODEL",
            steps: 2,
            cfg: 3,
            sampler_name: "euler",
            scheduler: "simple",
            positive: "@positive.CONDITIONING",
            negative: "@negative.CONDITIONING",
            latent_image: "@latent.LATENT",
          },
        ],
        decode: ["VAEDecode", { samples: "@sample.LATENT", vae: "@vae.VAE" }],
        show: ["PreviewImage", { images: "@decode.IMAGE" }],
      }),
    );
    expect(events.at(-1)).toMatchObject({ type: "job_finished" });
    expect(resultsOf(events).length).toBe(5);
  }, 60_000);
});
