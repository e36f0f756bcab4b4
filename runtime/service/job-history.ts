/** Ended jobs, durable. A job gets here in one transaction with all that it made. */
import type { ErrorRecord } from "#runtime/errors";
import type { Problem } from "#runtime/graph/problems";
import type { NodeReport } from "#runtime/protocol/events";
import type { JobEntry } from "#runtime/protocol/service-values";
import type { Database } from "./database.ts";
import { findEntries, findEntry, type NodeResult } from "./job-entries.ts";

export interface Outcome {
  readonly state: "done" | "failed" | "cancelled";
  readonly error?: ErrorRecord;
  readonly problems?: readonly Problem[];
  readonly results: readonly NodeResult[];
  readonly nodes: readonly NodeReport[];
  readonly peakBytes?: number;
  /** Device on which the nodes ran. */
  readonly device?: string;
}

export class JobHistory {
  readonly #database: Database;
  readonly #now: () => number;
  #lastEnd: number;

  constructor(database: Database, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
    const row = database.first("SELECT max(ended) AS ended FROM jobs");
    this.#lastEnd = Number(row?.["ended"] ?? 0);
  }

  /** Ends a running job; null when it does not run (any more): nothing is written then. */
  end(job: string, outcome: Outcome): JobEntry | null {
    return this.#database.transaction(() => {
      const ended = this.#nextEnd();
      const changed = this.#database.run(
        "UPDATE jobs SET state = ?, ended = ?, error = ?, problems = ?, peak_bytes = ? WHERE job = ? AND state = 'running'",
        outcome.state,
        ended,
        outcome.error === undefined ? null : JSON.stringify(outcome.error),
        JSON.stringify(outcome.problems ?? []),
        outcome.peakBytes ?? null,
        job,
      );
      if (changed === 0) return null;
      for (const [i, result] of outcome.results.entries()) {
        this.#database.run(
          "INSERT INTO results VALUES (?, ?, ?, ?)",
          job,
          i,
          result.node,
          JSON.stringify("file" in result ? result.file : result.value),
        );
      }
      for (const [i, report] of outcome.nodes.entries()) {
        this.#database.run(
          "INSERT INTO node_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          job,
          i,
          report.node,
          report.nodeType,
          report.cached ? null : (report.work ?? null),
          outcome.device ?? null,
          report.flops ?? 0,
          report.steps ?? null,
          report.seconds,
          report.peakBytes,
          report.cached ? 1 : 0,
        );
      }
      this.#lastEnd = ended;
      return findEntry(this.#database, job);
    });
  }

  /** Newest first; `before` is the end of the last one of the page before. */
  list(before: number, limit: number, batch?: string): JobEntry[] {
    return batch === undefined
      ? findEntries(this.#database, "WHERE ended < ? ORDER BY ended DESC LIMIT ?", before, limit)
      : findEntries(
          this.#database,
          "WHERE batch = ? AND ended < ? ORDER BY ended DESC LIMIT ?",
          batch,
          before,
          limit,
        );
  }

  /** Forgets ended jobs; their files stay. Returns those that it knew. */
  remove(jobs: readonly string[]): string[] {
    return this.#database.transaction(() =>
      jobs.filter(
        (job) =>
          this.#database.run("DELETE FROM jobs WHERE job = ? AND ended IS NOT NULL", job) > 0,
      ),
    );
  }

  /** No two jobs end at one time, so that a page of history ends between two jobs. */
  #nextEnd(): number {
    return Math.max(this.#now(), this.#lastEnd + 0.001);
  }
}
