import { describe, expect, it } from "vitest";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { combineFacts, widgetsOf } from "#runtime/graph/comfy/node-facts";
import { objectInfoFacts, readObjectInfo } from "#runtime/graph/comfy/object-info";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { classInfo } from "../../../helpers/comfy.ts";

describe("object_info", () => {
  it("follows input_order, and the order of keys where it is silent", () => {
    const info = {
      input: {
        required: { b: ["INT", {}], a: ["MODEL"], z: ["INT"] },
        optional: { y: ["STRING"] },
        hidden: { prompt: "PROMPT" },
      },
      input_order: { required: ["a", "b", "ghost"] },
      output: ["MODEL", ["x", "y"], "MODEL"],
      output_name: ["MODEL", "choice", "MODEL"],
      display_name: null,
    };
    const fact = objectInfoFacts({ Node: info }).get("Node");
    expect(fact?.inputs.map(({ name }) => name)).toEqual(["a", "b", "z", "y"]);
    expect(fact?.outputs).toEqual([
      { name: "MODEL", type: "MODEL" },
      { name: "choice", type: "COMBO" },
      { name: "MODEL (2)", type: "MODEL" },
    ]);
    expect(fact?.title).toBe("Node");
  });

  it.each([
    ["old list", [["a", 64, true]], "a"],
    ["old list with a default", [["a", "b"], { default: "b" }], "b"],
    ["new form", ["COMBO", { options: ["a", "b"] }], "a"],
    ["files of another machine", [[]], undefined],
    ["INT without options", ["INT"], 0],
    ["STRING with null", ["STRING", { default: null }], ""],
    ["socket with a default", ["LORA", { default: null }], undefined],
  ])("default of %s", (_name, spec, expected) => {
    const fact = objectInfoFacts({ N: classInfo({ x: spec }) }).get("N");
    expect(fact?.inputs[0]?.default).toBe(expected);
  });

  it("a choice that brings inputs of its own names them with a dot", () => {
    const options = [
      { key: "small", inputs: { required: { size: ["INT", { default: 1 }] } } },
      { key: "none", inputs: {} },
    ];
    const fact = objectInfoFacts({
      N: classInfo({ mode: ["COMFY_DYNAMICCOMBO_V3", { options }] }),
    }).get("N");
    if (fact === undefined) throw new Error("Expected the class.");
    expect(widgetsOf(fact).map(({ name }) => name)).toEqual(["mode", "mode.size"]);
    expect(widgetsOf(fact, { mode: "none" }).map(({ name }) => name)).toEqual(["mode"]);
  });

  it("survives classes that are no objects, and refuses what is no object of them", () => {
    const facts = readObjectInfo('{"A": 5, "B": {"input": [], "output": {}, "output_name": null}}');
    expect(facts.get("A")).toEqual({ title: "A", inputs: [], outputs: [], uploads: 0 });
    expect(facts.get("B")?.outputs).toEqual([]);
    expect(facts.get("constructor")).toBeUndefined();
    expect(() => readObjectInfo("[]")).toThrow(
      "Expected object_info to be an object of node classes",
    );
  });
});

describe("our own descriptions", () => {
  const description: NodeDescription = {
    type: "Node",
    title: "A node",
    category: "",
    description: "",
    version: 1,
    inputs: [
      { name: "model", type: "MODEL", kind: "socket", optional: false },
      { name: "noise", type: "INT", kind: "seed", optional: false, default: "0" },
      {
        name: "file",
        type: "COMBO",
        kind: "file",
        optional: false,
        accept: "image",
        options: ["x"],
      },
    ],
    outputs: [{ name: "ours", type: "MODEL" }],
    output: false,
    deprecated: false,
    searchAliases: [],
  };
  const own = descriptionFacts(new Map([["Node", description]]));

  it("say which widgets there are, and what follows them", () => {
    const fact = own.get("Node");
    expect(fact?.uploads).toBe(1);
    expect(fact?.inputs.map(({ widget }) => widget?.kind)).toEqual([undefined, "int", "combo"]);
    expect(fact?.inputs[1]?.widget?.controls).toBe(1);
    expect(fact?.inputs[2]?.widget).not.toHaveProperty("options");
  });

  it("name the outputs that both know, and files come first for the rest", () => {
    const file = objectInfoFacts({ Node: classInfo({ other: ["INT"] }, ["THEIRS"]) });
    const fact = combineFacts([file, own], own).get("Node");
    expect(fact?.inputs.map(({ name }) => name)).toEqual(["other"]);
    expect(fact?.outputs.map(({ name }) => name)).toEqual(["ours"]);
  });
});
