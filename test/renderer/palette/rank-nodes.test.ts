import { beforeAll, expect, test } from "vitest";
import { NODE_FOLDER } from "#runtime/engine/locations";
import { loadNodes } from "#runtime/engine/node-registry";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { bridgeNode } from "../../../renderer/canvas/drawn-wire.tsx";
import { fits, rankNodes } from "../../../renderer/palette/rank-nodes.ts";

let nodes: readonly NodeDescription[];

beforeAll(async () => {
  nodes = [...(await loadNodes([NODE_FOLDER])).descriptions.values()];
});

const types = (list: readonly { readonly description: NodeDescription }[]) =>
  list.map(({ description }) => description.type);

test("a title, a class name, an alias and a socket type all find a node; the title first", () => {
  expect(types(rankNodes(nodes, "sampler", [], null).others)[0]).toBe("KSampler");
  expect(types(rankNodes(nodes, "unetloader", [], null).others)[0]).toBe("UNETLoader");
  expect(types(rankNodes(nodes, "sparse", [], null).others)).toContain("RadialAttention");
  expect(types(rankNodes(nodes, "noise", [], null).others)).toContain("RandomNoise");
});

test("behind a wire, what fits stands first with the socket that it will use", () => {
  const { fitting, others } = rankNodes(nodes, "", [{ side: "out", type: "LATENT" }], null);
  expect(types(fitting)).toContain("VAEDecode");
  expect(fitting.find(({ description }) => description.type === "VAEDecode")!.socket!.name).toBe(
    "samples",
  );
  expect(types(others)).toContain("UNETLoader");
  expect(others.every(({ socket }) => socket === null)).toBe(true);
});

test("a wire drawn from an input looks for outputs", () => {
  const { fitting } = rankNodes(nodes, "", [{ side: "in", type: "VAE" }], null);
  expect(types(fitting)).toContain("VAELoader");
  expect(types(fitting)).not.toContain("VAEDecode");
});

test("a wire of numbers fits fields", () => {
  const { fitting } = rankNodes(nodes, "", [{ side: "out", type: "FLOAT" }], null);
  expect(fitting.find(({ description }) => description.type === "CFGGuider")!.socket!.name).toBe(
    "cfg",
  );
});

test("a misspelt name says what is near", () => {
  const ranked = rankNodes(nodes, "VAEDecodr", [], null);
  expect(ranked.others.length === 0 ? ranked.suggestion?.type : types(ranked.others)[0]).toBe(
    "VAEDecode",
  );
});

test("between two types that do not fit, the node that joins them is offered", () => {
  expect(bridgeNode(nodes, "IMAGE", "LATENT")?.node.type).toBe("VAEEncode");
  expect(bridgeNode(nodes, "LATENT", "IMAGE")?.node.type).toBe("VAEDecode");
  expect(bridgeNode(nodes, "VAE", "VIDEO")).toBe(null);
});

test("of several wires, an output that fits the most is named, and each says what it fits", () => {
  const wires = [
    { side: "in", type: "CLIP" },
    { side: "in", type: "MODEL" },
    { side: "in", type: "MODEL" },
  ] as const;
  const { fitting } = rankNodes(nodes, "", wires, null);
  const loader = fitting.find(({ description }) => description.type === "UNETLoader");
  expect(loader?.socket).toEqual({ name: "MODEL", type: "MODEL" });
  expect(wires.map((wire) => fits(wire, loader!.socket!.type))).toEqual([false, true, true]);
});
