import { describe, expect, it } from "vitest";
import type { Json } from "#runtime/graph/json";
import { objectInfoFacts } from "#runtime/graph/comfy/object-info";
import {
  again,
  classInfo,
  comfyGraph,
  comfyNode,
  promptOf,
  read,
  reasons,
  widgetInput,
} from "../../../helpers/comfy.ts";

/** Inputs of the prompt of one node with these values. */
function valuesOf(info: Json, values: Json, more: Record<string, Json> = {}) {
  const facts = objectInfoFacts({ Node: info });
  const graph = comfyGraph([comfyNode(1, "Node", { values, ...more })]);
  expect(again(graph, facts)).toEqual(graph);
  return { inputs: promptOf(graph, facts)["1"], reasons: reasons(graph, facts) };
}

describe("widget values by position", () => {
  it("a seed, and whatever asks for it, has a control value behind it", () => {
    const info = classInfo({
      seed: ["INT", {}],
      count: ["INT", { control_after_generate: true }],
      noise_seed: ["INT", {}],
      steps: ["INT", {}],
    });
    const { inputs } = valuesOf(info, [1, "fixed", 2, "randomize", 3, "increment", 4]);
    expect(inputs).toEqual({ seed: 1, count: 2, noise_seed: 3, steps: 4 });
  });

  it("a controlled choice has a filter too", () => {
    const info = classInfo({
      file: [["a", "b"], { control_after_generate: "fixed" }],
      steps: ["INT", {}],
    });
    expect(valuesOf(info, ["b", "increment-wrap", "x", 5]).inputs).toEqual({ file: "b", steps: 5 });
  });

  it("sockets and forced inputs have no place; upload buttons have the last", () => {
    const info = classInfo({ image: [["x.png"], { image_upload: true }], mask: ["MASK"] }, [], {
      scale: ["FLOAT", { forceInput: true }],
      mode: ["COMBO", { options: ["p", "q"] }],
    });
    expect(valuesOf(info, ["x.png", "q", "image"]).inputs).toEqual({ image: "x.png", mode: "q" });
  });

  it("drops the dummy of a forced input only when the count says that there is one", () => {
    const info = classInfo({
      text: ["STRING", { forceInput: true }],
      seed: ["INT", {}],
      steps: ["INT", {}],
    });
    expect(valuesOf(info, ["", 1, "fixed", 9]).inputs).toEqual({ seed: 1, steps: 9 });
    expect(valuesOf(info, [1, "fixed", 9]).inputs).toEqual({ seed: 1, steps: 9 });
  });

  it("ignores surplus values and fills missing ones and holes with defaults", () => {
    const info = classInfo({
      a: ["INT", { default: 1 }],
      b: ["FLOAT", { default: 2.5 }],
      c: ["BOOLEAN", {}],
      d: [["first", "second"]],
      e: ["STRING", {}],
    });
    const full = { a: 5, b: 6, c: true, d: "second", e: "t" };
    expect(valuesOf(info, [5, 6, true, "second", "t", "", null]).inputs).toEqual(full);
    const rest = { c: false, d: "first", e: "" };
    expect(valuesOf(info, [5, null]).inputs).toEqual({ a: 5, b: 2.5, ...rest });
    expect(valuesOf(info, null).inputs).toEqual({ a: 1, b: 2.5, ...rest });
  });

  it("a linked input keeps its place", () => {
    const info = classInfo({ a: ["INT", {}], b: ["INT", {}] });
    const facts = objectInfoFacts({ Node: info, Source: classInfo({}, ["INT"]) });
    const graph = comfyGraph(
      [
        comfyNode(1, "Node", { values: [3, 4], inputs: [widgetInput("a", "INT", 7)] }),
        comfyNode(2, "Source", { outputs: [{ name: "INT", type: "INT", links: [7] }] }),
      ],
      [[7, 2, 0, 1, 0, "INT"]],
    );
    expect(promptOf(graph, facts)["1"]).toEqual({ a: ["2", 0], b: 4 });
    expect(again(graph, facts)).toEqual(graph);
  });

  it("skips a control value where a number belongs, and resyncs on the next choice", () => {
    const info = classInfo({
      steps: ["INT", {}],
      cfg: ["FLOAT", {}],
      sampler: [["euler", "heun"]],
    });
    const moved = valuesOf(info, [20, "fixed", 7.5, "heun"]);
    expect(moved.inputs).toEqual({ steps: 20, cfg: 7.5, sampler: "heun" });
    expect(moved.reasons).toEqual(['1: Skipped "fixed" where the number "cfg" belongs.']);
    const choice = valuesOf(info, [20, 7.5, "old", "heun"]);
    expect(choice.inputs).toEqual({ steps: 20, cfg: 7.5, sampler: "heun" });
    expect(choice.reasons[0]).toContain('Skipped "old" where a choice of "sampler" belongs');
  });

  it("uses the default and says so where a number cannot be found", () => {
    const info = classInfo({ steps: ["INT", { default: 20 }], name: ["STRING", {}] });
    const { inputs, reasons: found } = valuesOf(info, ["x", "y", "z"]);
    expect(inputs).toEqual({ steps: 20, name: "y" });
    expect(found[0]).toContain('1: Expected a number for "steps", got "x"; its default is used.');
  });

  it("keeps a choice that is not known", () => {
    const { inputs, reasons: found } = valuesOf(classInfo({ type: [["sdxl"]] }), ["flux9"]);
    expect(inputs).toEqual({ type: "flux9" });
    expect(found).toEqual(['1: "flux9" is none of the known choices of "type".']);
  });

  it("a seed without its control value does not swallow the next", () => {
    const info = classInfo({ seed: ["INT", {}], steps: ["INT", {}], name: ["STRING", {}] });
    expect(valuesOf(info, [1, 30, "n"]).inputs).toEqual({ seed: 1, steps: 30, name: "n" });
  });
});

describe("widget values by name", () => {
  it("takes those of a record that are widgets, with the widgets of the chosen format", () => {
    const info = classInfo({
      rate: ["FLOAT", {}],
      format: [
        ["gif", "mp4"],
        {
          formats: {
            mp4: [
              ["crf", "INT", { default: 19 }],
              ["fast", ["y", "n"]],
            ],
          },
        },
      ],
      save: ["BOOLEAN", { default: true }],
    });
    const stored = { rate: 8, format: "mp4", crf: 22, videopreview: { hidden: false } };
    expect(valuesOf(info, stored).inputs).toEqual({
      rate: 8,
      format: "mp4",
      crf: 22,
      fast: "y",
      save: true,
    });
    expect(valuesOf(info, { format: "gif", crf: 22 }).inputs).toEqual({
      rate: 0,
      format: "gif",
      save: true,
    });
  });

  it("prefers names where the file has them", () => {
    const info = classInfo({ a: ["INT", {}], b: ["INT", {}] });
    const facts = objectInfoFacts({ Node: info });
    const named = { widgets_values_named: { a: 1, b: 2 } };
    const graph = comfyGraph([comfyNode(1, "Node", { values: [2, 1], ...named })]);
    expect(promptOf(graph, facts)["1"]).toEqual({ a: 1, b: 2 });
    const alone = comfyGraph([comfyNode(1, "Node", named)]);
    expect(promptOf(alone, facts)["1"]).toEqual({ a: 1, b: 2 });
    expect(again(alone, facts)).toEqual(alone);
  });

  it("names values of an unknown class by its listed widgets, or keeps them unused", () => {
    const inputs = [widgetInput("count", "INT"), widgetInput("mode", "COMBO")];
    const listed = comfyGraph([comfyNode(1, "Alien", { values: [3, "fixed", "m"], inputs })]);
    expect(promptOf(listed)["1"]).toEqual({ count: 3, mode: "m" });
    expect(again(listed)).toEqual(listed);
    const bare = comfyGraph([comfyNode(1, "Alien", { values: [3, "m"] })]);
    expect(promptOf(bare)["1"]).toEqual({});
    expect(reasons(bare).join()).toContain("Its 2 value(s) have no names");
    expect(again(bare)).toEqual(bare);
  });
});

describe("numbers", () => {
  it("keeps all bits, and integers up to 2^64 - 1", () => {
    const info = classInfo({ seed: ["INT", {}], cfg: ["FLOAT", {}], text: ["STRING", {}] });
    const facts = objectInfoFacts({ Node: info });
    const big = { $integer: "18446744073709551615" };
    const values = [big, "fixed", 8.000000000000002, "18446744073709551615"];
    const graph = comfyGraph([comfyNode(1, "Node", { values })]);
    const { document } = read(graph, facts);
    expect(document.nodes["1"]?.values["seed"]).toBe("18446744073709551615");
    expect(promptOf(graph, facts)["1"]).toEqual({
      seed: big,
      cfg: 8.000000000000002,
      text: "18446744073709551615",
    });
    expect(again(graph, facts)).toEqual(graph);
    const unknown = comfyGraph([
      comfyNode(1, "Alien", { values: [big], inputs: [widgetInput("n", "INT")] }),
    ]);
    expect(promptOf(unknown)["1"]).toEqual({ n: big });
    expect(again(unknown)).toEqual(unknown);
  });
});
