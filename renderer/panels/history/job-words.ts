/** One line about an ended job: its attention, how long it took and what it needed; or why it failed. */
import type { DocumentGraph, GraphDocument } from "#runtime/graph/document";
import type { JobEntry } from "#runtime/protocol/service-values";
import { bytesText, durationText } from "../figures.ts";
import { flatGraph } from "../radial/flat-graph.ts";
import { isSamplerNode, radialGeometry, radialNodeOf, samplerOf } from "../radial/geometry.ts";

export function jobSeconds(entry: JobEntry): number | null {
  return entry.started === null || entry.ended === null
    ? null
    : (entry.ended - entry.started) / 1000;
}

export function jobLine(entry: JobEntry, document?: GraphDocument): string {
  if (entry.state === "failed") return entry.error?.message.split("\n")[0] ?? "It failed.";
  if (entry.state === "cancelled") return "Stopped";
  const seconds = jobSeconds(entry);
  const parts = [
    document === undefined ? null : attentionWords(document),
    seconds === null ? null : durationText(seconds),
    entry.peakBytes === null ? null : bytesText(entry.peakBytes),
  ];
  return parts.filter((part) => part !== null).join(" · ");
}

/** "radial 0.20", "dense", or both where a graph compares them. */
export function attentionWords(ran: GraphDocument): string | null {
  const document = flatGraph(ran);
  const samplers = Object.keys(document.nodes).filter((id) => isSamplerNode(document, id));
  const words = new Set(samplers.map((id) => samplerWords(document, id)));
  return words.size === 0 ? null : [...words].toSorted().toReversed().join(" and ");
}

/** Of the sampler whose clip a node shows or saves; of the whole graph when none is found. */
export function resultWords(ran: GraphDocument, node: string | null): string | null {
  const document = flatGraph(ran);
  const sampler = node === null ? null : samplerOf(document, node);
  return sampler === null ? attentionWords(ran) : samplerWords(document, sampler);
}

function samplerWords(document: DocumentGraph, sampler: string): string {
  const radial = radialNodeOf(document, sampler);
  if (radial === null) return "dense";
  const settings = radialGeometry(document, radial)?.settings;
  return settings === undefined ? "radial" : `radial ${settings.decay.toFixed(2)}`;
}

/** Name of a result: its file without folder and ending. */
export function resultName(path: string): string {
  return (path.split("/").at(-1) ?? path).replace(/_?\.[^.]+$/, "");
}
