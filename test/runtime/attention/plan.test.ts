import { expect, test } from "vitest";
import { planMask, stepAttention, type AttentionPlan } from "#runtime/attention/plan";
import { radialMask } from "#runtime/attention/radial";

const plan: AttentionPlan = {
  settings: { kind: "radial", denseLayers: 2, denseSteps: 3, decayFactor: 0.2, blockSize: 64 },
  grid: { frames: 9, height: 16, width: 16 },
  kind: "wan",
};

test("leading steps and layers stay dense, the others share one mask", () => {
  expect([0, 1, 2].map((step) => stepAttention(plan, step))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const layers = stepAttention(plan, 3);
  expect(layers?.(0)).toBeNull();
  expect(layers?.(1)).toBeNull();
  expect(layers?.(2)).toEqual(
    radialMask({
      tokensPerFrame: 256,
      frames: 9,
      textTokens: 0,
      decayFactor: 0.2,
      blockSize: 64,
      kind: "wan",
    }),
  );
  expect(stepAttention(plan, 7)?.(5)).toBe(layers?.(2));
});

test("dense settings need no mask", () => {
  const dense: AttentionPlan = { ...plan, settings: { kind: "dense" } };
  expect(stepAttention(dense, 50)).toBeUndefined();
  expect(planMask(dense)).toBeNull();
});

test("masks are kept by geometry, the least used go first", () => {
  const first = planMask(plan);
  expect(planMask({ ...plan, grid: { frames: 9, height: 32, width: 8 } })).toBe(first);
  for (let frames = 10; frames < 17; frames++)
    planMask({ ...plan, grid: { ...plan.grid, frames } });
  expect(planMask(plan)).toBe(first);
  for (let frames = 20; frames < 28; frames++)
    planMask({ ...plan, grid: { ...plan.grid, frames } });
  expect(planMask(plan)).not.toBe(first);
  expect(planMask(plan)).toEqual(first);
});

test("text that shares the attention is part of the mask", () => {
  expect(planMask({ ...plan, textTokens: 77 })?.tokens).toBe(9 * 256 + 77);
});
