import { expect, test } from "vitest";
import { heaviestStages } from "../../../../renderer/panels/inspector/heaviest-stages.ts";
import {
  isPreset,
  presetsFor,
  runSpeedUp,
} from "../../../../renderer/panels/inspector/presets-for.ts";
import { layerCells, stepCells } from "../../../../renderer/panels/inspector/step-strip.ts";

const settings = {
  decay: 0.2,
  block: 128,
  denseSteps: 8,
  lastDenseSteps: 0,
  denseLayers: 1,
} as const;

test("steps are dense, then radial; those to come are paler while it runs", () => {
  expect(stepCells(settings, 30, null)).toMatchObject({ dense: 8, radial: 22 });
  const running = stepCells(settings, 30, 17).cells;
  expect([running[7], running[8], running[16], running[17]]).toEqual([
    "dense",
    "radial",
    "radial",
    "coming",
  ]);
  expect(stepCells({ ...settings, denseSteps: 99 }, 4, null)).toMatchObject({
    dense: 4,
    radial: 0,
  });
  const atTheEnd = stepCells({ ...settings, denseSteps: 1, lastDenseSteps: 2 }, 6, null);
  expect(atTheEnd).toMatchObject({ dense: 3, radial: 3 });
  expect(atTheEnd.cells.slice(3)).toEqual(["radial", "dense", "dense"]);
  expect(layerCells(settings, 40)).toMatchObject({ dense: 1, radial: 39 });
});

test("presets follow the number of steps, as published for 50, 8 and 4", () => {
  const balanced = (steps: number) =>
    presetsFor(steps).find(({ name }) => name === "Balanced")?.denseSteps;
  expect([50, 8, 4, 1].map(balanced)).toEqual([12, 2, 1, 1]);
  expect(isPreset({ name: "", decay: 0.2, denseSteps: 8 }, settings)).toBe(true);
});

test("a whole run gains what its radial steps gain", () => {
  expect(runSpeedUp(30, 8, 0.685)).toBeCloseTo(30 / (8 + 22 * 0.685), 9);
  expect(runSpeedUp(30, 30, 0.5)).toBe(1);
});

test("the plan tells the stages that compute, in their order, the heaviest of them", () => {
  const stage = (node: string, peakBytes: number, flops: number) => ({
    node,
    title: node,
    peakBytes,
    flops,
    seconds: null,
  });
  const stages = [
    stage("load", 900, 0),
    stage("prompt", 100, 5),
    stage("sampler", 1000, 500),
    stage("Decode", 800, 50),
    stage("small", 1, 1),
  ];
  expect(heaviestStages(stages).map(({ node, kind }) => [node, kind])).toEqual([
    ["prompt", "other"],
    ["sampler", "sample"],
    ["Decode", "decode"],
  ]);
});
