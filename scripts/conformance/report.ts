import { basename } from "node:path";
import type { CaseResult } from "./cases.ts";

const COLUMNS = ["folder", "case", "metric", "measured", "bound", ""] as const;

/** A table for people, one line a case. */
export function formatTable(results: readonly CaseResult[]): string {
  const rows = results.map((result) => [
    placeOf(result),
    result.case,
    result.metric ?? "",
    result.measured === undefined ? "" : formatNumber(result.measured),
    result.bound === undefined
      ? ""
      : `${result.side === "at least" ? ">=" : "<="} ${formatNumber(result.bound)}`,
    result.note === undefined ? result.status : `${result.status}: ${result.note}`,
  ]);
  const widths = COLUMNS.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(COLUMNS), ...rows.map(line)].join("\n");
}

/** The folder's name, and that of the check where it is another. */
function placeOf({ folder, check }: CaseResult): string {
  const name = basename(folder);
  return name === check ? name : `${name} (${check})`;
}

export function formatSummary(results: readonly CaseResult[]): string {
  const count = (status: CaseResult["status"]) =>
    results.filter((result) => result.status === status).length;
  return (
    `${count("ok")} within their bound, ${count("broken")} broken, ${count("error")} with an error, ` +
    `${count("not checked")} not checked`
  );
}

function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  return Math.abs(value) >= 0.1 && Math.abs(value) < 1e6
    ? value.toFixed(2)
    : value.toExponential(2);
}
