import { expect, test } from "vitest";
import { DOCUMENT_VERSION, type GraphDocument } from "#runtime/graph/document";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { moveSeeds, setSeedControl } from "../../../../renderer/stores/edit/seeds.ts";

const description = {
  type: "Sampler",
  inputs: [
    { name: "seed", type: "INT", kind: "seed", optional: false, max: "18446744073709551615" },
  ],
} as unknown as NodeDescription;
const descriptions = new Map([["Sampler", description]]);

const document = (control?: "fixed" | "random" | "increment" | "decrement"): GraphDocument => ({
  umbel: DOCUMENT_VERSION,
  nodes: {
    s: {
      type: "Sampler",
      values: { seed: 7 },
      ...(control ? { controls: { seed: control } } : {}),
    },
  },
  links: [],
});
const seed = (moved: GraphDocument) => moved.nodes["s"]!.values["seed"];

test("only seeds of the asked control move; without one it is random", () => {
  const random = () => 123n;
  expect(seed(moveSeeds(document(), descriptions, new Set(["random"]), random))).toBe(123);
  expect(seed(moveSeeds(document("fixed"), descriptions, new Set(["random"]), random))).toBe(7);
  expect(seed(moveSeeds(document("increment"), descriptions, new Set(["increment"])))).toBe(8);
  expect(seed(moveSeeds(document("decrement"), descriptions, new Set(["decrement"])))).toBe(6);
  const same = document("fixed");
  expect(moveSeeds(same, descriptions, new Set(["random"]))).toBe(same);
});

test("a seed beyond 2^53 is written as digits and wraps at its limit", () => {
  const most: GraphDocument = document("increment");
  most.nodes["s"]!.values = { seed: "18446744073709551615" };
  expect(seed(moveSeeds(most, descriptions, new Set(["increment"])))).toBe(0);
  const big = moveSeeds(document(), descriptions, new Set(["random"]), () => 2n ** 60n);
  expect(seed(big)).toBe((2n ** 60n).toString());
});

test("a linked seed stays", () => {
  const linked = {
    ...document(),
    links: [{ from: ["p", "INT"], to: ["s", "seed"] }],
  } as GraphDocument;
  expect(seed(moveSeeds(linked, descriptions, new Set(["random"]), () => 1n))).toBe(7);
});

test("the control is kept with the node", () => {
  const next = setSeedControl(document(), "s", "seed", "fixed");
  expect(next.nodes["s"]!.controls).toEqual({ seed: "fixed" });
});
