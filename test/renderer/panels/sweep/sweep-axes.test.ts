import { expect, test } from "vitest";
import { parseDocument } from "#runtime/graph/document";
import { sweepAxes } from "../../../../renderer/panels/sweep/sweep-axes.ts";
import {
  firstText,
  sweepChoices,
  sweepValuesOf,
} from "../../../../renderer/panels/sweep/sweep-choices.ts";
import type { NodeDescription } from "#runtime/protocol/node-description";

const job = (cell: number[], decay: number, steps: number) => ({
  job: cell.join(),
  cell,
  document: parseDocument({
    umbel: 1,
    nodes: {
      radial: { type: "RadialAttention", values: { decay_factor: decay } },
      sampler: { type: "KSampler", values: { steps } },
    },
  }),
});

test("the axes of a sweep are read from what differs along each", () => {
  const jobs = [0.1, 0.2, 0.4].flatMap((decay, x) =>
    [8, 12].map((steps, y) => job([x, y], decay, steps)),
  );
  expect(sweepAxes(jobs)).toEqual([
    { node: "radial", value: "decay_factor", labels: ["0.10", "0.20", "0.40"] },
    { node: "sampler", value: "steps", labels: ["8", "12"] },
  ]);
});

test("an axis that cannot be told yet is left out", () => {
  expect(sweepAxes([job([0, 0], 0.1, 8), job([1, 0], 0.2, 8)]).map(({ value }) => value)).toEqual([
    "decay_factor",
  ]);
  expect(sweepAxes([job([0], 0.1, 8)])).toEqual([]);
  expect(sweepAxes([])).toEqual([]);
});

const description = {
  type: "KSampler",
  title: "Sampler",
  inputs: [
    { name: "model", type: "MODEL", kind: "socket", optional: false },
    { name: "seed", type: "INT", kind: "seed", optional: false, default: "0" },
    { name: "steps", type: "INT", kind: "int", optional: false, default: 20, min: 1 },
    {
      name: "sampler_name",
      type: "COMBO",
      kind: "combo",
      optional: false,
      options: ["euler", "uni_pc"],
    },
    { name: "text", type: "STRING", kind: "text", optional: false },
  ],
} as unknown as NodeDescription;

test("numbers and choices that no link sets can be swept, what is swept most first", () => {
  const document = parseDocument({
    umbel: 1,
    nodes: {
      s: { type: "KSampler", values: { steps: 30 } },
      off: { type: "KSampler", state: "muted" },
      n: { type: "PrimitiveInt" },
    },
    links: [{ from: ["n", "INT"], to: ["s", "seed"] }],
  });
  const choices = sweepChoices(document, new Map([["KSampler", description]]));
  expect(choices.map(({ label, current }) => [label, current])).toEqual([
    ["Sampler: steps", "30"],
    ["Sampler: sampler name", ""],
  ]);
  expect(choices.map((choice) => sweepValuesOf(choice.input, firstText(choice, []), []))).toEqual([
    [30, 45],
    ["euler", "uni_pc"],
  ]);
});
