import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadNodes } from "#runtime/engine/node-registry";
import { NODE_FOLDER, PACKAGE_ROOT } from "#runtime/engine/locations";
import { planRun } from "#runtime/engine/plan";
import { UmbelError } from "#runtime/errors";
import { toApiPrompt } from "#runtime/graph/api-prompt";
import { parseDocument } from "#runtime/graph/document";
import { hasErrors } from "#runtime/graph/problems";
import { serializeDocument } from "#runtime/graph/serialize";
import { validateDocument } from "#runtime/graph/validate";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateJson } from "../mutate-json.ts";
import type { FuzzTarget } from "../target.ts";

/** Parses, validates, writes and plans graphs; the examples and a nested graph are the seeds. */
export async function documentTarget(): Promise<FuzzTarget> {
  const registry = await loadNodes([NODE_FOLDER]);
  const { descriptions } = registry;
  const folder = join(PACKAGE_ROOT, "examples");
  const valid = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => readFileSync(join(folder, name)));
  // Every way in which a document differs from what runs.
  valid.push(Buffer.from(JSON.stringify(nested)));
  return {
    name: "document",
    share: 4,
    valid,
    mutate: (random) => {
      const seed = random.pick(valid);
      return random.chance(0.75)
        ? Buffer.from(mutateJson(seed.toString("utf8"), random))
        : mutateBytes(seed, random, valid);
    },
    run: (input) => {
      const document = parseDocument(Buffer.from(input).toString("utf8"));
      const { problems, graph } = validateDocument(document, descriptions, () => null);
      parseDocument(serializeDocument(document));
      if (hasErrors(problems)) {
        throw new UmbelError(
          "ERR_VALIDATION",
          `Expected a graph that can run, got ${problems.length} problems.`,
        );
      }
      toApiPrompt(graph, descriptions);
      planRun(graph, registry, { modelPath: someFile, inputPath: someFile });
    },
  };
}

/** Any file that is there: a plan looks at its time and size. */
const someFile = (): string => import.meta.filename;

const picture = { from: ["$in", "picture"], to: ["way", "input"] };
const nested = {
  umbel: 1,
  nodes: {
    mask: { type: "RadialMaskPreview", values: { width: 256, height: 256 } },
    outer: { type: "subgraph:outer", values: { prefix: "a" } },
    bypassed: { type: "subgraph:outer", state: "bypassed" },
    muted: { type: "SaveImage", state: "muted" },
    note: { type: "Note", values: { text: "words" } },
    show: { type: "PreviewImage" },
  },
  links: [
    { from: ["mask", "IMAGE"], to: ["outer", "picture"] },
    { from: ["outer", "picture"], to: ["bypassed", "picture"] },
    { from: ["bypassed", "picture"], to: ["show", "images"] },
    { from: ["bypassed", "picture"], to: ["muted", "images"] },
  ],
  subgraphs: {
    outer: {
      title: "Outer",
      inputs: [
        { name: "picture", type: "IMAGE" },
        { name: "prefix", type: "STRING" },
      ],
      outputs: [{ name: "picture", type: "IMAGE" }],
      nodes: {
        way: { type: "Reroute" },
        inner: { type: "subgraph:inner" },
        save: { type: "SaveImage" },
      },
      links: [
        picture,
        { from: ["way", "output"], to: ["inner", "picture"] },
        { from: ["$in", "prefix"], to: ["save", "filename_prefix"] },
        { from: ["inner", "picture"], to: ["save", "images"] },
        { from: ["inner", "picture"], to: ["$out", "picture"] },
      ],
    },
    inner: {
      title: "Inner",
      inputs: [{ name: "picture", type: "IMAGE" }],
      outputs: [{ name: "picture", type: "IMAGE" }],
      nodes: { way: { type: "Reroute" } },
      links: [picture, { from: ["way", "output"], to: ["$out", "picture"] }],
    },
  },
};
