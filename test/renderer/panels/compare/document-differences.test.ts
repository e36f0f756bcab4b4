import { describe, expect, test } from "vitest";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { compareDocuments } from "../../../../renderer/panels/compare/document-differences.ts";

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
