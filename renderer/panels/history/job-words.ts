/** One line about an ended job: its attention, how long it took and what it needed; or why it failed. */
import type { GraphDocument } from "#runtime/graph/document";
import type { JobEntry } from "#runtime/protocol/service-values";
import { bytesText, durationText } from "../figures.ts";
import { isRadialNode, radialGeometry } from "../radial/geometry.ts";

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
export function attentionWords(document: GraphDocument): string | null {
  const radial = Object.entries(document.nodes).filter(
    ([, node]) => isRadialNode(node) && node.state === undefined,
  );
  const samplers = Object.values(document.nodes).filter(
    ({ type }) => /Sampler/.test(type) && type !== "KSamplerSelect",
  );
  if (radial.length === 0) return samplers.length === 0 ? null : "dense";
  const settings = radialGeometry(document, radial[0]?.[0] ?? "")?.settings;
  const words = settings === undefined ? "radial" : `radial ${settings.decay.toFixed(2)}`;
  return samplers.length > radial.length ? `${words} and dense` : words;
}

/** Name of a result: its file without folder and ending. */
export function resultName(path: string): string {
  return (path.split("/").at(-1) ?? path).replace(/_?\.[^.]+$/, "");
}
