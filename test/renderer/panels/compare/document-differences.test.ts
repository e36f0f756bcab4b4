import { describe, expect, test } from "vitest";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import {
  compareDocuments,
  documentOf,
} from "../../../../renderer/panels/compare/document-differences.ts";

const graph = (nodes: object): GraphDocument => parseDocument({ umbel: 1, nodes } as never);
const base = {
  prompt: { type: "CLIPTextEncode", values: { text: "a red circle" } },
  radial: { type: "RadialAttention", values: { decay_factor: 0.2, dense_steps: 8 } },
  sampler: { type: "KSampler", values: { seed: "840113577204", steps: 30 } },
  save: { type: "SaveVideo", values: { filename_prefix: "a" } },
};
const compare = (a: object, b: object) => compareDocuments(graph(a), graph(b), new Map());

describe("what differs between two documents", () => {
  test("nothing, and what is the same", () => {
    const { differ, same, prompt } = compare(base, base);
    expect(differ).toEqual([]);
    expect(prompt).toBe("a red circle");
    expect(same).toContainEqual({ label: "seed", value: "840 113 577 204" });
  });

  test("values, states, and nodes of one side", () => {
    const other = {
      ...base,
      radial: { ...base.radial, state: "bypassed", values: { decay_factor: 0.4, dense_steps: 8 } },
      lora: { type: "LoraLoaderModelOnly", title: "colour LoRA", values: { strength_model: 0.8 } },
    };
    expect(compare(base, other).differ).toEqual([
      { node: "radial", label: "RadialAttention", a: "in use", b: "bypassed" },
      { node: "radial", label: "decay factor", a: "0.20", b: "0.40" },
      { node: "lora", label: "colour LoRA", a: null, b: "in use" },
    ]);
  });

  test("where the file lands does not count", () => {
    expect(
      compare(base, { ...base, save: { type: "SaveVideo", values: { filename_prefix: "b" } } })
        .differ,
    ).toEqual([]);
  });

  test("nodes with other ids are paired by their class", () => {
    const renamed = { 7: base.prompt, 8: base.radial, 9: base.sampler, 10: base.save };
    expect(compare(base, renamed).differ).toEqual([]);
  });
});

test("of two results of one graph, each is told by what made it", () => {
  const document = parseDocument({
    umbel: 1,
    nodes: {
      model: { type: "UNETLoader", values: { unet_name: "m" } },
      radial: { type: "RadialAttention", values: { decay_factor: 0.2 } },
      one: { type: "KSampler", values: { seed: 7 } },
      two: { type: "KSampler", values: { seed: 8 } },
    },
    links: [
      { from: ["model", "MODEL"], to: ["one", "model"] },
      { from: ["model", "MODEL"], to: ["radial", "model"] },
      { from: ["radial", "MODEL"], to: ["two", "model"] },
    ],
  });
  const [a, b] = [documentOf(document, "two"), documentOf(document, "one")];
  expect(Object.keys(a.nodes)).toEqual(["model", "radial", "two"]);
  expect(compareDocuments(a, b, new Map()).differ).toEqual([
    { node: "radial", label: "RadialAttention", a: "in use", b: null },
    { node: "two", label: "seed", a: "8", b: "7" },
  ]);
  expect(documentOf(document, "gone")).toBe(document);
});
