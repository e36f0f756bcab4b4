import { describe, expect, it } from "vitest";
import type { Json } from "#runtime/graph/json";
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";
import {
  again,
  comfyGraph,
  comfyNode,
  input,
  output,
  promptOf,
  widgetInput,
} from "../../../helpers/comfy.ts";

const load = comfyNode(1, "Load", {
  values: ["a.safetensors"],
  outputs: [output("MODEL", [1]), output("CLIP"), output("VAE")],
});
const sample = (link: number, more: JsonObject = {}): JsonObject =>
  comfyNode(9, "Sample", {
    values: [5, "fixed", 20, 8, "euler"],
    inputs: [input("model", "MODEL", link), widgetInput("steps", "INT", 5)],
    outputs: [output("LATENT")],
    ...more,
  });

const SAMPLE = { seed: 5, steps: 20, cfg: 8, sampler: "euler" };

function check(nodes: readonly JsonObject[], links: readonly Json[], more: JsonObject = {}) {
  const graph = comfyGraph(nodes, links, more);
  expect(again(graph)).toEqual(graph);
  return promptOf(graph);
}

it("switches of the editor vanish, and go out as they came", () => {
  const graph = comfyGraph(
    [
      comfyNode(1, "Latent", { values: [64, 64], outputs: [output("LATENT", [1])] }),
      comfyNode(2, "Mute / Bypass Repeater (rgthree)", {
        inputs: [input("Latent", "*", 1)],
        outputs: [output("OPT_CONNECTION", [2])],
      }),
      comfyNode(3, "Fast Muter (rgthree)", {
        values: [true],
        inputs: [input("Repeater", "*", 2)],
      }),
      comfyNode(4, "Fast Groups Bypasser (rgthree)", { properties: { sort: "position" } }),
    ],
    [
      [1, 1, 0, 2, 0, "*"],
      [2, 2, 0, 3, 0, "*"],
    ],
  );
  expect(promptOf(graph)).toEqual({ 1: { width: 64, height: 64 } });
  expect(again(graph)).toEqual(graph);
});

describe("nodes that only the editor has", () => {
  it("notes vanish, and a link through reroutes reaches its source", () => {
    const reroute = (id: number, from: number, to: number): JsonObject =>
      comfyNode(id, "Reroute", {
        inputs: [{ name: "", type: "*", link: from }],
        outputs: [{ name: "", type: "MODEL", links: [to] }],
      });
    const prompt = check(
      [
        load,
        reroute(2, 1, 2),
        reroute(3, 2, 3),
        sample(3),
        comfyNode(4, "Note", { values: ["x"] }),
      ],
      [
        [1, 1, 0, 2, 0, "MODEL"],
        [2, 2, 0, 3, 0, "MODEL"],
        [3, 3, 0, 9, 0, "MODEL"],
      ],
    );
    expect(prompt).toEqual({ 1: { name: "a.safetensors" }, 9: { ...SAMPLE, model: ["1", 0] } });
  });

  it("a primitive writes its value into every parameter that it is linked to", () => {
    const primitive = comfyNode(2, "PrimitiveNode", {
      values: [33, "fixed"],
      outputs: [{ name: "INT", type: "INT", links: [5, 6], widget: { name: "steps" } }],
    });
    const latent = comfyNode(3, "Latent", {
      values: [64, 32],
      inputs: [widgetInput("height", "INT", 6)],
    });
    const prompt = check(
      [load, primitive, latent, sample(1)],
      [
        [1, 1, 0, 9, 0, "MODEL"],
        [5, 2, 0, 9, 1, "INT"],
        [6, 2, 0, 3, 0, "INT"],
      ],
    );
    expect(prompt["9"]).toEqual({ ...SAMPLE, steps: 33, model: ["1", 0] });
    expect(prompt["3"]).toEqual({ width: 64, height: 33 });
    expect(prompt["2"]).toBeUndefined();
  });

  it("a GetNode gives what the SetNode of its channel takes", () => {
    const set = comfyNode(2, "SetNode", {
      values: ["m"],
      inputs: [input("MODEL", "MODEL", 1)],
      outputs: [{ name: "*", type: "*", links: null }],
    });
    const get = (id: number, channel: string, link: number): JsonObject =>
      comfyNode(id, "GetNode", { values: [channel], outputs: [output("MODEL", [link])] });
    const links = [
      [1, 1, 0, 2, 0, "MODEL"],
      [3, 4, 0, 9, 0, "MODEL"],
    ];
    expect(check([load, set, get(4, "m", 3), sample(3)], links)["9"]?.["model"]).toEqual(["1", 0]);
    const other = check([load, set, get(4, "n", 3), sample(3)], links);
    expect(other["9"]).toEqual(SAMPLE);
  });
});

describe("muted and bypassed nodes", () => {
  const patch = (mode: number, inputs: readonly JsonObject[]): JsonObject =>
    comfyNode(2, "Patch", { mode, values: [1], inputs, outputs: [output("MODEL", [3])] });
  const links = [
    [1, 1, 0, 2, 0, "MODEL"],
    [3, 2, 0, 9, 0, "MODEL"],
  ];

  it("a bypassed node lets the input of its place and type through", () => {
    const prompt = check([load, patch(4, [input("model", "MODEL", 1)]), sample(3)], links);
    expect(prompt["9"]?.["model"]).toEqual(["1", 0]);
    expect(prompt["2"]).toBeUndefined();
  });

  it("of another place, the first input of the same type", () => {
    const alien = comfyNode(2, "Alien", {
      mode: 4,
      inputs: [input("a", "IMAGE"), input("b", "MODEL", 1)],
      outputs: [output("MODEL", [3])],
    });
    expect(
      check([load, alien, sample(3)], [[1, 1, 0, 2, 1, "MODEL"], links[1] ?? null])["9"],
    ).toEqual({ ...SAMPLE, model: ["1", 0] });
  });

  it("without an input to let through, a parameter keeps its value", () => {
    const number = comfyNode(4, "Number", { mode: 4, values: [3], outputs: [output("INT", [5])] });
    const prompt = check(
      [load, number, sample(1)],
      [
        [1, 1, 0, 9, 0, "MODEL"],
        [5, 4, 0, 9, 1, "INT"],
      ],
    );
    expect(prompt["9"]).toEqual({ ...SAMPLE, model: ["1", 0] });
  });

  it("a muted node takes the input with it, and the parameter's value too", () => {
    const number = comfyNode(4, "Number", { mode: 2, values: [3], outputs: [output("INT", [5])] });
    const prompt = check(
      [load, number, sample(1)],
      [
        [1, 1, 0, 9, 0, "MODEL"],
        [5, 4, 0, 9, 1, "INT"],
      ],
    );
    const { steps: _, ...rest } = SAMPLE;
    expect(prompt["9"]).toEqual({ ...rest, model: ["1", 0] });
  });

  it("other modes run", () => {
    const prompt = check([load, patch(3, [input("model", "MODEL", 1)]), sample(3)], links);
    expect(prompt["2"]).toEqual({ model: ["1", 0], scale: 1 });
    expect(prompt["9"]?.["model"]).toEqual(["2", 0]);
  });
});
