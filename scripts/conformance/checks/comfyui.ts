/**
 * ComfyUI's files: every workflow becomes the prompt that an independent converter makes of it, read directly and after
 * a trip through our document, and goes out as it came in.
 */
import { existsSync, readFileSync } from "node:fs";
import {
  formatComfyJson,
  objectOf,
  parseComfyJson,
  sameJson,
  type JsonObject,
} from "#runtime/graph/comfy/comfy-json";
import { exportGraph } from "#runtime/graph/comfy/export-graph";
import { exportPrompt } from "#runtime/graph/comfy/export-prompt";
import { importComfy } from "#runtime/graph/comfy/import";
import { combineFacts, NO_FACTS, type NodeFacts } from "#runtime/graph/comfy/node-facts";
import { readObjectInfo } from "#runtime/graph/comfy/object-info";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { serializeDocument } from "#runtime/graph/serialize";
import type { Cases } from "../cases.ts";
import type { Check } from "../check.ts";
import { Folder, isComfyFolder } from "../folder.ts";
import { promptDifferences } from "../prompt-differences.ts";

const DIFFERENT = { name: "inputs that differ", bound: 0 };

export const comfyui: Check = {
  name: "comfyui",
  computes: false,
  recognises: (folder) => isComfyFolder(folder.path),

  async run(folder, _bench, cases) {
    const files = folder.files.filter((name) => /object_info.*\.json$/.test(name));
    const facts = await cases.prepare("object_info", () => {
      const read = (name: string) => readObjectInfo(readFileSync(folder.file(name), "utf8"), name);
      return combineFacts(files.map(read), NO_FACTS);
    });
    if (facts === null) return;
    const workflows = new Folder(folder.file("workflows"));
    for (const file of workflows.files.filter((name) => name.endsWith(".json"))) {
      const text = readFileSync(workflows.file(file), "utf8");
      const document = await cases.prepare(file, () => importComfy(text, facts).document);
      const prompt = folder.file(`api/${file}`);
      if (document === null) continue;
      if (existsSync(prompt))
        await runGraph(file, text, document, readPrompt(prompt), facts, cases);
      else await runPrompt(file, text, document, facts, cases);
    }
  },
};

function readPrompt(path: string): JsonObject {
  return objectOf(parseComfyJson(readFileSync(path, "utf8"), path));
}

async function runGraph(
  file: string,
  text: string,
  document: GraphDocument,
  reference: JsonObject,
  facts: NodeFacts,
  cases: Cases,
): Promise<void> {
  const trip = () => parseDocument(serializeDocument(document));
  const prompt = (from: GraphDocument): JsonObject =>
    objectOf(parseComfyJson(formatComfyJson(exportPrompt(from, facts))));
  const differing = (from: GraphDocument): number =>
    promptDifferences(prompt(from), reference, facts).different.length;
  await cases.measure(file, DIFFERENT, () => differing(document));
  await cases.measure(`${file}, through our document`, DIFFERENT, () => differing(trip()));
  await cases.measure(`${file}, written again`, { name: "top keys that differ", bound: 0 }, () => {
    const written = objectOf(parseComfyJson(formatComfyJson(exportGraph(trip(), facts))));
    const before = objectOf(parseComfyJson(text));
    const keys = new Set([...Object.keys(before), ...Object.keys(written)]);
    return [...keys].filter((key) => !sameJson(before[key], written[key])).length;
  });
  const { withoutValues } = promptDifferences(prompt(document), reference, facts);
  if (withoutValues.length > 0) {
    const nodes = withoutValues.join(", ");
    cases.notChecked(
      `${file}, values of ${nodes}`,
      "the reference has none: it did not know the class",
    );
  }
}

/** A file in API format comes out as it went in; classes may add values that it leaves to their default. */
async function runPrompt(
  file: string,
  text: string,
  document: GraphDocument,
  facts: NodeFacts,
  cases: Cases,
): Promise<void> {
  await cases.measure(file, DIFFERENT, () => {
    const before = objectOf(parseComfyJson(text));
    const after = exportPrompt(document, NO_FACTS);
    return promptDifferences(after, before, facts).different.length;
  });
}
