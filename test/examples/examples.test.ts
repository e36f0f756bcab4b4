import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadNodes } from "#runtime/engine/node-registry";
import { planDocument } from "#runtime/engine/plan-document";
import { parseDocument } from "#runtime/graph/document";
import { serializeDocument } from "#runtime/graph/serialize";
import { validateDocument } from "#runtime/graph/validate";

const folder = new URL("../../examples/", import.meta.url);
const nodes = fileURLToPath(new URL("../../nodes", import.meta.url));
const models = fileURLToPath(new URL("../../models", import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");

const settings = {
  device: "null",
  models: [models],
  nodes: [nodes],
  inputFolder: "input",
  outputFolder: "output",
  temporaryFolder: "output",
} as const;

describe("examples", () => {
  it.each(names)("%s is written as Umbel writes it", (name) => {
    expect(serializeDocument(parseDocument(read(name)))).toBe(read(name));
  });

  it.each(names)("%s has no errors", async (name) => {
    const { descriptions } = await loadNodes([nodes]);
    const { problems } = validateDocument(parseDocument(read(name)), descriptions);
    expect(problems).toEqual([]);
  });

  it("the full-size graph plans without its weights, and sparse attention saves work", async () => {
    const document = parseDocument(read("wan21-14b-radial-lightx2v.json"));
    const plan = await planDocument(document, settings, new AbortController().signal);
    expect([...plan.assumed.keys()].toSorted()).toEqual([
      "umt5_xxl_fp8_e4m3fn_scaled.safetensors",
      "wan2.1_t2v_14B_bf16.safetensors",
      "wan_2.1_vae.safetensors",
    ]);
    // One step of four is dense, and in the others one layer of forty.
    const sparse = plan.attentionFlops / plan.denseAttentionFlops;
    expect(sparse).toBeGreaterThan(0.4);
    expect(sparse).toBeLessThan(0.6);
    expect(plan.peakBytes).toBeGreaterThan(26 * 2 ** 30);
  });
});
