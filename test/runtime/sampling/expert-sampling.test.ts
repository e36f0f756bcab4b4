import { expect, test } from "vitest";
import { noisySteps } from "#runtime/sampling/expert-sampling";
import { latentMask } from "#runtime/sampling/known-latents";
import { sampleLatent } from "#runtime/sampling/run";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { affine } from "#runtime/tensor/ops";
import { checkLiveTensorsAtEnd, testDevice } from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();

test("the boundary is held against whole timesteps where the solver cuts them", () => {
  const sigmas = Float32Array.of(1, 0.8755, 0.8749, 0.3, 0);
  expect(noisySteps(sigmas, 0.875, false)).toBe(2);
  expect(noisySteps(sigmas, 0.875, true)).toBe(2);
  expect(noisySteps(Float32Array.of(0.9, 0.8752, 0), 0.8751, true)).toBe(1);
  expect(noisySteps(Float32Array.of(0.9, 0.8752, 0), 0.8751, false)).toBe(2);
  const published = scheduleSigmas("wan", { shift: 12, timestepFactor: 1000 }, 40);
  expect(noisySteps(published, 0.875, true)).toBe(26);
  expect(noisySteps(sigmas, 0, true)).toBe(4);
});

const latentFormat = {
  channels: 1,
  spatialFactor: 1,
  temporalFactor: 1,
  mean: [0],
  std: [1],
  rgb: [],
  rgbBias: [0, 0, 0],
} as const;

/** What a model of slope `factor` is given at each step. */
async function states(request: {
  keepsKnownLatents: boolean;
  mask?: Float32Array;
  stepCfg?: (step: number) => number;
}) {
  const device = testDevice();
  const shape = [1, 1, 1, 1, 2];
  const seen: Promise<Float32Array>[] = [];
  const told: (Float32Array | undefined)[] = [];
  const before: number[] = [];
  const mask = request.mask;
  const context = { data: Float32Array.of(0), shape: [1, 1] };
  const { samples } = await sampleLatent({
    device,
    model: {
      forward({ latent, unknown }) {
        seen.push(latent.read());
        told.push(unknown);
        return affine(latent, 0.5, 0);
      },
    },
    family: {
      latent: latentFormat,
      timestepFactor: 1000,
      defaultShift: 1,
      keepsKnownLatents: request.keepsKnownLatents,
    },
    sampler: samplerByName("euler"),
    sigmas: Float32Array.of(1, 0.5, 0),
    latent: {
      samples: { data: Float32Array.of(3, 0), shape },
      ...(mask === undefined ? {} : { mask: { data: mask, shape } }),
    },
    noise: { kind: "none" },
    startNoise: Float32Array.of(1, 1),
    positive: [{ context, extra: {} }],
    negative: [{ context, extra: {} }],
    cfg: 2,
    ...(request.stepCfg === undefined ? {} : { stepCfg: request.stepCfg }),
    beforeStep: (step) => {
      before.push(step);
      return Promise.resolve();
    },
  });
  return {
    seen: (await Promise.all(seen)).map((s) => [...s]),
    told,
    before,
    samples: samples.samples,
  };
}

test("a known part is seen clean where the model is told, else noised, and comes out as it was", async () => {
  const mask = Float32Array.of(0, 1);
  const clean = await states({ keepsKnownLatents: true, mask });
  expect(clean.seen.map(([first]) => first)).toEqual([3, 3, 3, 3]);
  expect(clean.told.every((unknown) => unknown?.join() === "0,1")).toBe(true);
  expect(clean.samples.data[0]).toBeCloseTo(3, 5);
  const noised = await states({ keepsKnownLatents: false, mask });
  expect(noised.seen.map(([first]) => first)).toEqual([1, 1, 2, 2]);
  expect(noised.told.every((unknown) => unknown === undefined)).toBe(true);
  expect(noised.samples.data[0]).toBeCloseTo(3, 5);
});

test("steps have their own guidance, and are awaited before they begin", async () => {
  const run = await states({ keepsKnownLatents: false, stepCfg: (step) => (step === 0 ? 2 : 1) });
  expect(run.before).toEqual([0, 1]);
  // Without guidance the negative prompt is not asked.
  expect(run.seen.length).toBe(3);
});

test("a mask of another size is refused", () => {
  const samples = { data: new Float32Array(4), shape: [1, 1, 1, 2, 2] };
  const mask = { data: new Float32Array(2), shape: [1, 1, 1, 1, 2] };
  expect(() => latentMask({ samples, mask })).toThrow(/Expected a mask \[1, 1, 1, 2, 2\]/);
  expect(latentMask({ samples })).toBeNull();
});
