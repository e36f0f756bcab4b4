/** A document as text, in our form or one of ComfyUI's. */
import { assertNever } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import { serializeDocument } from "#runtime/graph/serialize";
import { formatComfyJson } from "./comfy-json.ts";
import { exportGraph } from "./export-graph.ts";
import { exportPrompt } from "./export-prompt.ts";
import type { NodeFacts } from "./node-facts.ts";

export type GraphForm = "umbel" | "graph" | "api";

/** In the API format dynamic prompts are decided and names of files filled, as of now. Throws ERR_DOCUMENT. */
export function formatDocument(document: GraphDocument, form: GraphForm, facts: NodeFacts): string {
  switch (form) {
    case "umbel":
      return serializeDocument(document);
    case "graph":
      return formatComfyJson(exportGraph(document, facts));
    case "api": {
      const choose = (count: number): number => Math.floor(Math.random() * count);
      return formatComfyJson(exportPrompt(document, facts, { choose, now: new Date() }));
    }
    default:
      return assertNever(form);
  }
}
