import { describe, expect, test } from "vitest";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { TorchRandom } from "#runtime/sampling/noise";
import { sampleLatent } from "#runtime/sampling/run";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { wholeTimestep } from "#runtime/sampling/session";
import { cutSigmas, kSamplerSigmas } from "#runtime/sampling/sigmas";
import type { SampleRequest, StepReport } from "#runtime/sampling/request";
import { defineSampler } from "#runtime/sdk/sampler";
import type { Conditioning, Latent } from "#runtime/sdk/values";
import { openDevice } from "#runtime/tensor/devices";
import { sharedDir, sharedJson } from "../../helpers/shared.ts";
import {
  checkLiveTensorsAtEnd,
  expectNoLiveTensors,
  relativeError,
  testDevice,
} from "../../helpers/tensors.ts";
import { cubicFlow, plainFormat, PromptFlow, toyFamily } from "../../helpers/toy-flow.ts";

checkLiveTensorsAtEnd();

const f = Math.fround;
const flow = { shift: 8, timestepFactor: 1000 };
const prompt = (value: number): Conditioning => [
  { context: { data: Float32Array.of(value), shape: [1, 1] }, extra: {} },
];
const zeros = (shape: readonly number[]): Latent => ({
  samples: { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape },
});

function requestOf(change: Partial<SampleRequest> = {}): SampleRequest {
  return {
    device: testDevice(),
    model: cubicFlow,
    family: toyFamily(plainFormat(1)),
    sampler: samplerByName("euler"),
    sigmas: scheduleSigmas("simple", flow, 20),
    latent: zeros([1, 1, 1, 4, 4]),
    noise: { kind: "random", seed: 0n },
    positive: prompt(0),
    cfg: 1,
    ...change,
  };
}

describe.skipIf(sharedDir() === null)("equals ComfyUI", () => {
  const trajectories = (): Record<string, Record<string, number[]>> =>
    sharedJson<{ trajectories: Record<string, Record<string, number[]>> }>(
      "comfyui/rng_sigmas_samplers.json",
    ).trajectories;

  test("a whole run with Euler", async () => {
    const { samples, denoised } = await sampleLatent(requestOf());
    expect(
      relativeError(samples.samples.data, trajectories()["euler/simple/20/shift8"]?.["out"] ?? []),
    ).toBeLessThan(1e-5);
    expect(relativeError(denoised.samples.data, samples.samples.data)).toBeLessThan(1e-5);
  });

  test.each(["uni_pc", "uni_pc_bh2"])(
    "a whole run with %s, its dropped level and its last level",
    async (name) => {
      const sampler = samplerByName(name);
      const sigmas = kSamplerSigmas({ schedule: "simple", flow, steps: 20 }, sampler);
      const { samples } = await sampleLatent(requestOf({ sampler, sigmas }));
      const key = `${name === "uni_pc" ? "uni_pc_bh1" : name}/simple/20/shift8 (steps+1, penultimate dropped)`;
      expect(relativeError(samples.samples.data, trajectories()[key]?.["out"] ?? [])).toBeLessThan(
        1e-5,
      );
      expect(sigmas.at(-1)).toBe(0);
    },
  );

  test("two experts in a row, with the noise left over in between", async () => {
    const golden = trajectories()["two_expert euler/simple/20/shift8 split10"] ?? {};
    const sigmas = scheduleSigmas("simple", flow, 20);
    const high = cutSigmas(sigmas, { start: 0, end: 10, leftoverNoise: true }) as Float32Array;
    const low = cutSigmas(sigmas, { start: 10, end: 10_000 }) as Float32Array;
    const first = await sampleLatent(requestOf({ sigmas: high }));
    expect(
      relativeError(first.samples.samples.data, golden["handoff_latent(=x/(1-sigma))"] ?? []),
    ).toBeLessThan(1e-5);
    const second = await sampleLatent(
      requestOf({ sigmas: low, latent: first.samples, noise: { kind: "none" } }),
    );
    expect(relativeError(second.samples.samples.data, golden["out"] ?? [])).toBeLessThan(1e-5);
  });
});

/** Returns its state as it came. */
const idle = defineSampler({
  name: "idle",
  title: "",
  description: "",
  evaluations: () => 0,
  sample: (run) => Promise.resolve(run.x),
});

test("noise and latent are mixed on the model's scale, leftover noise is divided out", async () => {
  const format = { ...plainFormat(2), mean: [0.5, -1], std: [2, 0.25] };
  const data = Float32Array.from({ length: 16 }, (_, i) => i / 4 - 1);
  const latent: Latent = { samples: { data, shape: [1, 2, 2, 2, 2] } };
  const noise = new TorchRandom(5n).randn(16);
  const expected = data.map((value, i) => {
    const [mean, std] = i < 8 ? [0.5, 2] : [-1, 0.25];
    const mixed = 0.75 * (noise[i] as number) + 0.25 * ((value - mean) / std);
    return (mixed / 0.5) * std + mean;
  });
  const { samples } = await sampleLatent(
    requestOf({
      sampler: idle,
      family: toyFamily(format),
      latent,
      sigmas: Float32Array.of(0.75, 0.5),
      noise: { kind: "random", seed: 5n },
    }),
  );
  expect(relativeError(samples.samples.data, expected)).toBeLessThan(1e-6);
  const silent = await sampleLatent(
    requestOf({
      sampler: idle,
      family: toyFamily(format),
      latent,
      sigmas: Float32Array.of(0.75, 0.75),
      noise: { kind: "none" },
    }),
  );
  expect(relativeError(silent.samples.samples.data, data)).toBeLessThan(1e-6);
});

test("an empty latent is noise alone, on whatever scale", async () => {
  const format = { ...plainFormat(1), mean: [3], std: [2] };
  const { samples } = await sampleLatent(
    requestOf({ sampler: idle, family: toyFamily(format), sigmas: Float32Array.of(1, 0) }),
  );
  const expected = new TorchRandom(0n).randn(16).map((value) => value * 2 + 3);
  expect(relativeError(samples.samples.data, expected)).toBeLessThan(1e-6);
});

test("guidance moves from the negative prompt through the positive", async () => {
  const model = new PromptFlow();
  const sigmas = Float32Array.of(1, 0);
  const { samples } = await sampleLatent(
    requestOf({ model, sigmas, positive: prompt(0.5), negative: prompt(-0.25), cfg: 4 }),
  );
  // D = x - v x for each prompt; guided: 1.25 + 4 (0.5 - 1.25) = -1.75 times x.
  const expected = new TorchRandom(0n).randn(16).map((value) => -1.75 * value);
  expect(relativeError(samples.samples.data, expected)).toBeLessThan(1e-6);
  expect(model.asked).toHaveLength(2);
});

test("a guidance of 1 does not evaluate the negative prompt", async () => {
  for (const cfg of [1, 1 + 1e-10]) {
    const model = new PromptFlow();
    await sampleLatent(requestOf({ model, negative: prompt(9), cfg }));
    expect(model.asked).toHaveLength(20);
  }
  const model = new PromptFlow();
  await sampleLatent(requestOf({ model, negative: prompt(9), cfg: 1.0001 }));
  expect(model.asked).toHaveLength(40);
});

test("several prompts are averaged", async () => {
  const positive = [...prompt(0.5), ...prompt(-0.25)];
  const { samples } = await sampleLatent(
    requestOf({ model: new PromptFlow(), sigmas: Float32Array.of(1, 0), positive }),
  );
  const expected = new TorchRandom(0n).randn(16).map((value) => 0.875 * value);
  expect(relativeError(samples.samples.data, expected)).toBeLessThan(1e-6);
});

test("each item of a batch is a clip of its own with its own noise", async () => {
  const model = new PromptFlow();
  const batch = await sampleLatent(requestOf({ model, latent: zeros([2, 1, 1, 4, 4]) }));
  expect(model.asked.map(({ latent }) => latent.shape)).toEqual(new Array(40).fill([1, 1, 4, 4]));
  const picked = await sampleLatent(
    requestOf({ model, latent: { ...zeros([1, 1, 1, 4, 4]), batchIndex: [1] } }),
  );
  expect(picked.samples.samples.data).toEqual(batch.samples.samples.data.slice(16));
  expect(picked.samples.batchIndex).toEqual([1]);
});

test("attention is asked for the step that a level belongs to", async () => {
  const steps: number[] = [];
  const model = new PromptFlow();
  await sampleLatent(
    requestOf({
      model,
      sampler: samplerByName("heun"),
      sigmas: scheduleSigmas("simple", flow, 4),
      attention: (step) => {
        steps.push(step);
        return step < 2 ? undefined : () => null;
      },
    }),
  );
  expect(steps).toEqual([0, 1, 1, 2, 2, 3, 3]);
  expect(model.asked.map(({ attention }) => attention !== undefined)).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
});

test("timesteps are a thousand sigma, whole for Wan's solver", async () => {
  const sigmas = scheduleSigmas("wan", { ...flow, shift: 5 }, 8);
  const timesteps = async (name: string): Promise<number[]> => {
    const model = new PromptFlow();
    await sampleLatent(requestOf({ model, sigmas, sampler: samplerByName(name) }));
    return model.asked.map(({ timestep }) => timestep);
  };
  expect(await timesteps("wan_unipc")).toEqual([999, 972, 937, 892, 833, 749, 624, 416]);
  expect(await timesteps("euler")).toEqual(
    Array.from(sigmas.slice(0, 8), (sigma) => f(sigma * 1000)),
  );
});

test("whole timesteps are those of double precision", () => {
  const first = f(0.999);
  for (let shift = 1; shift <= 12; shift += 0.5) {
    for (let steps = 1; steps <= 100; steps++) {
      for (let i = 0; i < steps; i++) {
        const time = first - (first / steps) * i;
        const sigma = (shift * time) / (1 + (shift - 1) * time);
        if (Math.trunc(sigma * 1000) !== wholeTimestep(f(sigma) * 1000))
          expect([shift, steps, i]).toBe("equal");
      }
    }
  }
});

test("each step reports progress and shows all frames of the estimate", async () => {
  const reports: StepReport[] = [];
  await sampleLatent(
    requestOf({
      family: toyFamily(plainFormat(3)),
      latent: zeros([1, 3, 5, 2, 4]),
      onStep: (report) => void reports.push(report),
    }),
  );
  expect(reports.map(({ done }) => done)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(reports[3]).toMatchObject({ steps: 20, sigma: scheduleSigmas("simple", flow, 20)[3] });
  const { preview } = reports[19] as StepReport;
  expect(preview).toMatchObject({ count: 5, height: 2, width: 4, channels: 3 });
  expect(preview?.data).toHaveLength(5 * 2 * 4 * 3);
  expect(preview?.data.every((value) => value >= 0 && value <= 1)).toBe(true);
});

test("cancelling ends a run at the next step and leaves no tensor", async () => {
  const stop = new AbortController();
  let steps = 0;
  const run = sampleLatent(
    requestOf({
      signal: stop.signal,
      onStep: () => {
        if (++steps === 3) stop.abort();
      },
    }),
  );
  await expect(run).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
  expect(steps).toBe(3);
  await expectNoLiveTensors();
});

test("an interrupted device ends a run inside a step", async () => {
  const device = testDevice();
  let calls = 0;
  const model = {
    forward: (input: Parameters<typeof cubicFlow.forward>[0]) => {
      const result = cubicFlow.forward(input);
      if (++calls === 5) device.interrupt();
      return result;
    },
  };
  await expect(
    sampleLatent(requestOf({ model, latent: zeros([1, 1, 8, 64, 64]) })),
  ).rejects.toMatchObject({
    code: "ERR_INTERRUPTED",
  });
  await expectNoLiveTensors();
});

test("a failing model fails the run and leaves no tensor", async () => {
  const model = {
    forward: (): never => {
      throw new Error("broken");
    },
  };
  await expect(sampleLatent(requestOf({ model }))).rejects.toThrow("broken");
  await expectNoLiveTensors();
});

test("the null device counts a run", async () => {
  const device = openDevice("null");
  await sampleLatent(requestOf({ device, cfg: 6, negative: prompt(0), onStep: () => {} }));
  expect(device.flops().get("mul")).toBeGreaterThan(0);
  expect(device.memory().liveTensors).toBe(0);
});

test("the same run gives the same bytes", async () => {
  const request = requestOf({
    sampler: samplerByName("dpmpp_sde"),
    noise: { kind: "random", seed: 99n },
  });
  const [first, second] = [await sampleLatent(request), await sampleLatent(request)];
  expect(first.samples.samples.data).toEqual(second.samples.samples.data);
});

test("runs of no step return the latent", async () => {
  const latent = zeros([1, 1, 1, 4, 4]);
  for (const sigmas of [new Float32Array(0), Float32Array.of(0.5)]) {
    expect((await sampleLatent(requestOf({ latent, sigmas }))).samples).toBe(latent);
  }
});

test.each([
  [
    "rising levels",
    { sigmas: Float32Array.of(0.5, 0.7, 0) },
    "ERR_INVALID_ARGUMENT",
    "levels that fall",
  ],
  [
    "levels above 1",
    { sigmas: Float32Array.of(14, 0) },
    "ERR_INVALID_ARGUMENT",
    "levels that fall",
  ],
  ["no prompt", { positive: [] }, "ERR_INVALID_ARGUMENT", "positive prompt"],
  [
    "guidance without a negative prompt",
    { cfg: 5 },
    "ERR_INVALID_ARGUMENT",
    "negative prompt for cfg 5",
  ],
  [
    "a latent of another model",
    { latent: { samples: { data: new Float32Array(32).fill(1), shape: [1, 2, 1, 4, 4] } } },
    "ERR_SHAPE",
    "latent [B, 1, T, h, w]",
  ],
  [
    "an empty latent of another model",
    { latent: zeros([1, 16, 1, 4, 4]) },
    "ERR_SHAPE",
    "latent [B, 1, T, h, w]",
  ],
  ["a latent without time", { latent: zeros([1, 1, 4, 4]) }, "ERR_SHAPE", "latent [B, 1, T, h, w]"],
] as const)("%s are refused", async (_, change, code, message) => {
  const run = sampleLatent(requestOf(change as Partial<SampleRequest>));
  await expect(run).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as string,
  });
  await expectNoLiveTensors();
});
