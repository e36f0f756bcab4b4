import { expect, test } from "vitest";
import wan from "#runtime/models/wan";
import { Denoiser } from "#runtime/sampling/guidance";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { SamplerSession } from "#runtime/sampling/session";
import type { Conditioning } from "#runtime/sdk/values";
import { openModel } from "../../helpers/model-weights.ts";
import { sharedDir, sharedPath, sharedTensors } from "../../helpers/shared.ts";
import { checkLiveTensorsAtEnd, relativeError, testDevice } from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();

test.skipIf(sharedDir() === null)(
  "Wan's solver, guidance and transformer give the reference's latent",
  async () => {
    const golden = sharedTensors("goldens/wan/wan-pipeline/t2v_unipc8_cfg5_shift3.safetensors");
    const device = testDevice();
    using opened = openModel(wan, sharedPath("goldens/wan/wan-dit/weights.safetensors"), device);
    const prompt = (name: string): Conditioning => {
      const { values, shape } = golden.get(name);
      return [{ context: { data: values, shape: shape.slice(1) }, extra: {} }];
    };
    const start = golden.get("latents");
    const sigmas = scheduleSigmas("wan", { shift: 3, timestepFactor: 1000 }, 8);
    const request = {
      device,
      model: opened.model,
      family: wan,
      shift: 3,
      sampler: samplerByName("wan_unipc"),
      sigmas,
      latent: { samples: { data: start.values, shape: start.shape } },
      noise: { kind: "none" },
      positive: prompt("prompt_embeds"),
      negative: prompt("negative_prompt_embeds"),
      cfg: 5,
    } as const;
    using denoiser = new Denoiser(device, request);
    const session = new SamplerSession(request, sigmas, denoiser);
    using end = await request.sampler.sample(session.run(device.tensor(start.values, start.shape)));
    expect(relativeError(await end.read(), golden.get("final_latents").values)).toBeLessThan(1e-3);
  },
  120_000,
);
