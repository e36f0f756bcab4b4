import { expect, test } from "vitest";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { basicSigmas, cutSigmas, kSamplerSigmas } from "#runtime/sampling/sigmas";

const flow = { shift: 8, timestepFactor: 1000 };
const plain = {};
const dropping = { dropsPenultimateSigma: true };
const request = { schedule: "simple", flow, steps: 20 } as const;

test("denoise below 1 runs the end of a longer schedule", () => {
  const sigmas = basicSigmas({ ...request, steps: 4, denoise: 0.3 });
  expect(sigmas).toHaveLength(5);
  expect(sigmas).toEqual(scheduleSigmas("simple", flow, 13).slice(-5));
  expect(basicSigmas({ ...request, denoise: 1 })).toEqual(scheduleSigmas("simple", flow, 20));
  expect(basicSigmas({ ...request, denoise: 0.99995 })).toEqual(scheduleSigmas("simple", flow, 20));
  expect(basicSigmas({ ...request, denoise: 0 })).toHaveLength(0);
});

test("solvers that drop the last but one level get a step more first, in KSampler only", () => {
  const longer = scheduleSigmas("simple", flow, 21);
  const sigmas = kSamplerSigmas(request, dropping);
  expect(sigmas).toHaveLength(21);
  expect([...sigmas]).toEqual([...longer.slice(0, 20), 0]);
  expect(kSamplerSigmas(request, plain)).toEqual(scheduleSigmas("simple", flow, 20));
  expect(kSamplerSigmas({ ...request, steps: 4, denoise: 0.3 }, dropping)).toEqual(
    kSamplerSigmas({ ...request, steps: 13 }, dropping).slice(-5),
  );
});

test("steps are counted from the start, and what ends early goes down to 0 unless noise is left", () => {
  const sigmas = scheduleSigmas("simple", flow, 4);
  const levels = [...sigmas];
  const cut = (range: Parameters<typeof cutSigmas>[1]) => [...(cutSigmas(sigmas, range) ?? [-1])];
  expect(cut({ start: 0, end: 10_000 })).toEqual(levels);
  expect(cut({ start: 0, end: 2, leftoverNoise: true })).toEqual(levels.slice(0, 3));
  expect(cut({ start: 0, end: 2 })).toEqual([...levels.slice(0, 2), 0]);
  expect(cut({ start: 2 })).toEqual(levels.slice(2));
  expect(cut({ start: 1, end: 3, leftoverNoise: true })).toEqual(levels.slice(1, 4));
  expect(cutSigmas(sigmas, { start: 4 })).toBeNull();
  expect(cutSigmas(sigmas, { start: 3, end: 3 })).toBeNull();
  expect([...sigmas]).toEqual(levels);
});

test("no steps are refused", () => {
  expect(() => basicSigmas({ ...request, steps: 0 })).toThrow("at least 1 step");
  expect(() => kSamplerSigmas({ ...request, steps: 1.5 }, plain)).toThrow("at least 1 step");
});
