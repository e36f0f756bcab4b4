/** Ended jobs by day, newest first; runs of one batch or sweep in a row fold into one line. */
import type { JobEntry } from "#runtime/protocol/service-values";
import { dayText } from "../figures.ts";

export interface HistoryRow {
  /** The newest of the row. */
  readonly entry: JobEntry;
  /** Jobs that were submitted together with it and follow it. */
  readonly others: readonly JobEntry[];
}

export interface HistoryDay {
  readonly day: string;
  readonly rows: readonly HistoryRow[];
}

export function historyDays(entries: readonly JobEntry[], now: number): HistoryDay[] {
  const days: { day: string; rows: { entry: JobEntry; others: JobEntry[] }[] }[] = [];
  for (const entry of entries) {
    const day = dayText(entry.ended ?? entry.added, now);
    let last = days.at(-1);
    if (last?.day !== day) {
      last = { day, rows: [] };
      days.push(last);
    }
    const row = last.rows.at(-1);
    if (row !== undefined && entry.batch !== null && row.entry.batch === entry.batch) {
      row.others.push(entry);
    } else last.rows.push({ entry, others: [] });
  }
  return days;
}

/** Jobs whose title, values or error hold every word that was typed. */
export function findJobs(entries: readonly JobEntry[], text: string): JobEntry[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return entries.filter((entry) => {
    const haystack = [
      entry.title,
      entry.state,
      entry.error?.message ?? "",
      ...entry.results.map(({ path }) => path),
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}
