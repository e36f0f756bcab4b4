/** Real files and mutations of them. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isUmbelError } from "#runtime/errors";
import type { Json } from "#runtime/graph/json";
import {
  formatComfyJson,
  objectOf,
  parseComfyJson,
  sameJson,
  type JsonObject,
} from "#runtime/graph/comfy/comfy-json";
import { exportPrompt } from "#runtime/graph/comfy/export-prompt";
import { importComfy } from "#runtime/graph/comfy/import";
import { combineFacts, NO_FACTS } from "#runtime/graph/comfy/node-facts";
import { readObjectInfo } from "#runtime/graph/comfy/object-info";
import { runFolders } from "../../../../scripts/conformance/run.ts";
import { promptDifferences } from "../../../../scripts/conformance/prompt-differences.ts";
import { FACTS, inputsOf, trip, written } from "../../../helpers/comfy.ts";
import { NO_SHARED, sharedDir, sharedPath } from "../../../helpers/shared.ts";

const read = (path: string): string => readFileSync(sharedPath(`comfyui/${path}`), "utf8");

describe.skipIf(sharedDir() === null)(`workflows of ComfyUI (${NO_SHARED})`, () => {
  it("become what the independent converter makes of them, and go out as they came", async () => {
    const results = await runFolders([sharedPath("comfyui")], "null");
    expect(results.filter(({ status }) => status === "broken" || status === "error")).toEqual([]);
    expect(results.filter(({ status }) => status === "ok").length).toBeGreaterThan(50);
  });

  it("becomes the prompt that ComfyUI's own tool expects", () => {
    const facts = readObjectInfo(read("sd15_object_info.json"));
    const { document } = importComfy(read("sd15_ui_workflow.json"), facts);
    const expected = objectOf(parseComfyJson(read("sd15_expected_api.json")));
    const { different, withoutValues } = promptDifferences(
      exportPrompt(document, facts),
      expected,
      facts,
    );
    expect({ different, withoutValues }).toEqual({ different: [], withoutValues: [] });
  });

  it("survives 300 mutations: an UmbelError, or a document that goes out as it came", () => {
    const names = readdirSync(sharedPath("comfyui/workflows"));
    const files = names.map((name) => parseComfyJson(read(`workflows/${name}`)));
    const facts = combineFacts([readObjectInfo(read("object_info_core_v0.3.64.json"))], NO_FACTS);
    const outcomes = { refused: 0, opened: 0 };
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      let value = files[seed % files.length] ?? null;
      const changes = 1 + Math.floor(random() * 5);
      for (let i = 0; i < changes; i++) value = mutated(value, random, 0);
      const started = performance.now();
      try {
        const text = formatComfyJson(value);
        const again = trip(importComfy(text, facts).document);
        inputsOf(again, facts);
        const out = written(again, facts);
        const isGraph = Array.isArray(objectOf(value)["nodes"]);
        const before = isGraph
          ? parseComfyJson(text)
          : written(importComfy(formatComfyJson(out), facts).document, facts);
        if (!sameJson(out, before)) expect(out, `mutation ${seed}`).toEqual(before);
        outcomes.opened++;
      } catch (error) {
        if (!isUmbelError(error)) throw new Error(`Mutation ${seed} failed.`, { cause: error });
        outcomes.refused++;
      }
      expect(performance.now() - started, `mutation ${seed}`).toBeLessThan(5000);
    }
    expect(outcomes.opened).toBeGreaterThan(200);
  });
});

describe("what counts as a difference", () => {
  const sampler = (inputs: JsonObject): JsonObject => ({ class_type: "Sample", inputs });
  const base = { 1: sampler({ steps: 3, model: ["2", 0] }), 2: { class_type: "Load", inputs: {} } };
  const differences = (ours: JsonObject, reference: JsonObject = base) =>
    promptDifferences(ours, reference, FACTS);

  it("an other value, link or class, and whatever only one has", () => {
    const other = (inputs: JsonObject): readonly string[] =>
      differences({ ...base, 1: sampler(inputs) }).different;
    expect(other({ steps: 3, model: ["2", 0] })).toEqual([]);
    expect(other({ steps: 4, model: ["2", 0] })).toEqual(["1.steps"]);
    expect(other({ steps: 3, model: ["2", 1] })).toEqual(["1.model"]);
    expect(other({ steps: 3 })).toEqual(["1.model"]);
    expect(other({ model: ["2", 0] })).toEqual(["1.steps"]);
    expect(other({ steps: 3, cfg: 1, model: ["2", 0] })).toEqual(["1.cfg"]);
    expect(differences({ ...base, 2: { class_type: "Save", inputs: {} } }).different).toEqual([
      "2",
    ]);
    expect(differences({ 1: base[1] }).different).toEqual(["2"]);
    expect(differences({ ...base, 3: base[2] }).different).toEqual(["3"]);
  });

  it("not what the reference is known to do otherwise", () => {
    const meta = { ...base, 2: { class_type: "Load", inputs: {}, _meta: { title: "x" } } };
    expect(differences(meta).different).toEqual([]);
    const defaults = { ...base, 1: sampler({ steps: 3, model: ["2", 0], latent: 0 }) };
    expect(differences(base, defaults).different).toEqual([]);
    const group = { ...base, 5: { class_type: "workflow>g", inputs: {} } };
    expect(differences({ ...base, "5:0": base[2] }, group).different).toEqual([]);
    const linksOnly = { ...base, 1: sampler({ model: ["2", 0] }) };
    expect(differences(base, linksOnly)).toEqual({ different: [], withoutValues: ["1"] });
  });
});

/** Numbers from 0 to 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const JUNK: readonly Json[] = [
  null,
  true,
  -1,
  0,
  1e308,
  "",
  "__proto__",
  "constructor",
  "workflow>group_node",
  "Reroute",
  "PrimitiveNode",
  [],
  {},
  [[]],
  [1, 2],
  { $integer: "18446744073709551615" },
  { 0: 1, 1: 2 },
];

/** One place of the value is replaced, removed, doubled or renamed. */
function mutated(value: Json, random: () => number, depth: number): Json {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const isLeaf = typeof value !== "object" || value === null || "$integer" in value;
  if (isLeaf || (depth > 1 && random() < 0.15)) return pick(JUNK) ?? null;
  if (Array.isArray(value)) {
    const list = [...(value as readonly Json[])];
    const at = Math.floor(random() * list.length);
    const item = list[at] ?? null;
    const action = random();
    if (list.length === 0 || action < 0.1) list.splice(at, 0, pick(JUNK) ?? null);
    else if (action < 0.2) list.splice(at, 1);
    else if (action < 0.3) list.push(item);
    else list[at] = mutated(item, random, depth + 1);
    return list;
  }
  const entries = Object.entries(value);
  const at = Math.floor(random() * entries.length);
  const [key, item] = entries[at] ?? ["nodes", null];
  const action = random();
  if (action < 0.1) entries.splice(at, 1);
  else if (action < 0.15) entries[at] = [formatComfyJson(pick(JUNK) ?? null).trim(), item as Json];
  else entries[at] = [key, mutated(item as Json, random, depth + 1)];
  return Object.fromEntries(entries) as Json;
}
