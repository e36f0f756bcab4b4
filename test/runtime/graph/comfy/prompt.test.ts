import { describe, expect, it } from "vitest";
import type { Json } from "#runtime/graph/json";
import { formatComfyJson, parseComfyJson, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import { dynamicPrompt } from "#runtime/graph/comfy/dynamic-prompts";
import { exportPrompt } from "#runtime/graph/comfy/export-prompt";
import { importComfy } from "#runtime/graph/comfy/import";
import { NO_FACTS } from "#runtime/graph/comfy/node-facts";
import { FACTS, inputsOf, promptOf, read, trip, written } from "../../../helpers/comfy.ts";

const PROMPT: JsonObject = {
  9: {
    class_type: "Sample",
    inputs: { seed: 3, steps: 20, cfg: 8, sampler: "heun", model: ["4", 0], latent: ["5:1", 0] },
    _meta: { title: "My sampler" },
  },
  4: { class_type: "Load", inputs: { name: "b.safetensors" }, _meta: { title: "Load" } },
  "5:1": { class_type: "Alien", inputs: { list: { __value__: [1, 2] }, text: "x" } },
};

describe("the API format", () => {
  it("opens with links, titles and lists, and goes out equal", () => {
    const { document, report } = read(PROMPT);
    expect(document.nodes["9"]?.title).toBe("My sampler");
    expect(document.nodes["4"]?.title).toBeUndefined();
    expect(document.nodes["5:1"]?.values["list"]).toEqual([1, 2]);
    expect(document.links).toContainEqual({ from: ["5:1", "output 0"], to: ["9", "latent"] });
    expect(report.map(({ node }) => node)).toEqual(["5:1"]);
    expect(exportPrompt(trip(document), NO_FACTS)).toEqual({
      ...PROMPT,
      "5:1": { ...(PROMPT["5:1"] as JsonObject), _meta: { title: "Alien" } },
    });
  });

  it("is laid out in columns from left to right", () => {
    const { nodes } = read(PROMPT).document;
    const [x, y] = nodes["9"]?.at ?? [];
    expect(nodes["4"]?.at?.[0]).toBeLessThan(x ?? 0);
    expect(nodes["5:1"]?.at?.[0]).toBeLessThan(x ?? 0);
    expect(nodes["4"]?.at?.[1]).not.toBe(nodes["5:1"]?.at?.[1]);
    expect(y).toBe(0);
  });

  it("a list of two that leads nowhere is a value", () => {
    const prompt = { 1: { class_type: "Alien", inputs: { a: ["7", 0], b: [1, 2.5] } } };
    const { document, report } = read(prompt);
    expect(document.nodes["1"]?.values).toEqual({ a: ["7", 0], b: [1, 2.5] });
    expect(report.filter(({ reason }) => reason.includes("list of two"))).toHaveLength(2);
  });

  it("carries integers up to 2^64 - 1", () => {
    const text =
      '{"1": {"class_type": "Alien", "inputs": {"seed": 18446744073709551615, "t": "12345678901234567890"}}}';
    const { document } = importComfy(text, NO_FACTS);
    expect(formatComfyJson(exportPrompt(trip(document), NO_FACTS))).toMatch(
      /"seed": 18446744073709551615,\s+"t": "12345678901234567890"/,
    );
  });

  it("takes the numbers of Python that JSON has not for null", () => {
    expect(parseComfyJson('{"a": [NaN, -Infinity], "b": "NaN"}')).toEqual({
      a: [null, null],
      b: "NaN",
    });
  });

  it("becomes a graph that means the same", () => {
    const { document } = read(PROMPT);
    expect(promptOf(written(document))).toEqual(inputsOf(document));
  });

  it("a loop is laid out and kept", () => {
    const inputs = (id: string): Json => ({ model: [id, 0] });
    const prompt = {
      1: { class_type: "Patch", inputs: inputs("2") },
      2: { class_type: "Patch", inputs: inputs("1") },
    };
    const { document } = read(prompt);
    expect(inputsOf(document)["1"]?.["model"]).toEqual(["2", 0]);
  });

  it.each(["{}", "[]", '{"a": 1}', '{"1": {"class_type": 5}}', "{", '"x"'])(
    "refuses %s",
    (text) => {
      expect(() => importComfy(text, FACTS)).toThrow(
        expect.objectContaining({ code: "ERR_DOCUMENT" }) as Error,
      );
    },
  );
});

describe("dynamic prompts", () => {
  const last = (count: number): number => count - 1;
  it.each([
    ["a cat", "a cat"],
    ["a {red|blue} cat", "a blue cat"],
    ["{a|{b|c} d}", "c d"],
    ["see /* not\nthis */ that // nor this", "see  that "],
    ["\\{not|a choice\\}", "{not|a choice}"],
    ["{open", "{open"],
  ])("%s", (text, expected) => {
    expect(dynamicPrompt(text, last)).toBe(expected);
  });

  it("are chosen on the way to the API format only", () => {
    const prompt = { 1: { class_type: "Encode", inputs: { text: "{x|y}" } } };
    const { document } = read(prompt);
    expect(exportPrompt(document, FACTS, { choose: last, now: new Date() })).toMatchObject({
      1: { inputs: { text: "y" } },
    });
    expect(inputsOf(document)["1"]).toEqual({ text: "{x|y}" });
  });
});
