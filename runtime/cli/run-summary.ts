/** What stands at the end of a run: a table of its stages, and where the results are. */
import { relative } from "node:path";
import type { JobEvent, NodeReport, ResultMessage } from "#runtime/protocol/events";
import { formatBytes, formatSeconds } from "./format-quantity.ts";

type FileResult = ResultMessage & { kind: "image" | "video" };

/** Stages that took less than this share of the time are summed up in one row. */
const LEAST_SHARE = 0.01;
const LISTED_FILES = 4;

/** @param processBytes most that the process has taken */
export function stageTable(
  finished: JobEvent & { type: "job_finished" },
  processBytes: number,
): string[] {
  const ran = withOwnTitles(finished.nodes.filter((node) => !node.cached));
  const long = ran.filter((node) => node.seconds >= LEAST_SHARE * finished.seconds);
  const short = ran.filter((node) => !long.includes(node));
  const rows = [["stage", "time", "share", "device memory"], ...long.map((n) => row(n, finished))];
  if (short.length > 0) {
    const seconds = short.reduce((sum, node) => sum + node.seconds, 0);
    const title = short.length === 1 ? "1 other" : `${short.length} others`;
    const peakBytes = Math.max(...short.map((node) => node.peakBytes));
    rows.push(row({ title, seconds, peakBytes }, finished));
  }
  rows.push(["all", formatSeconds(finished.seconds), "", formatBytes(finished.peakBytes)]);
  const lines = aligned(rows);
  return [...lines, `peak memory of the process ${formatBytes(processBytes)}`];
}

/** Nodes of one title are told apart by their ids. */
function withOwnTitles(nodes: readonly NodeReport[]): readonly NodeReport[] {
  return nodes.map((report) => {
    const { title, node } = report;
    const alone = nodes.every((other) => other === report || other.title !== title);
    return alone ? report : { ...report, title: `${title} (${node})` };
  });
}

function row(
  { title, seconds, peakBytes }: Pick<NodeReport, "title" | "seconds" | "peakBytes">,
  { seconds: all }: { readonly seconds: number },
): string[] {
  const share = all > 0 ? `${Math.round((100 * seconds) / all)} %` : "";
  return [title, formatSeconds(seconds), share, formatBytes(peakBytes)];
}

/** The first column to the left, the others to the right; a rule below the head and above the last row. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  const lines = rows.map((cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  "),
  );
  return [lines[0] ?? "", rule, ...lines.slice(1, -1), rule, lines.at(-1) ?? ""];
}

/** One line a file; of many alike, the first and the last. */
export function savedLines(results: readonly FileResult[]): string[] {
  const kept = results.filter((result) => !result.temporary);
  const [first] = kept;
  const last = kept.at(-1);
  if (first === undefined || last === undefined) return [];
  if (kept.length <= LISTED_FILES) return kept.map((file) => `saved ${describe(file)}`);
  return [`saved ${kept.length} files, ${shown(first.path)} to ${shown(last.path)}`];
}

function describe({ path, width, height, frames, fps }: FileResult): string {
  const rate = fps === undefined ? "" : ` at ${fps} fps, ${(frames / fps).toFixed(1)} s`;
  const length = frames > 1 ? `, ${frames} frames${rate}` : "";
  return `${shown(path)} (${width}x${height}${length})`;
}

function shown(path: string): string {
  const way = relative(process.cwd(), path);
  return way === "" || way.startsWith("..") ? path : way;
}
