/**
 * Waiting and running jobs, durable. The order is priority, then place; a job is taken, put back and ended in one
 * transaction each, so that a process that dies at any moment leaves every job in exactly one state.
 */
import { UmbelError, type ErrorRecord } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { serializeDocument } from "#runtime/graph/serialize";
import type { JobEntry } from "#runtime/protocol/service-values";
import type { Database, Row } from "./database.ts";
import { findEntries, findEntry, fromText, unknownJob } from "./job-entries.ts";

export interface NewJob {
  readonly job: string;
  readonly title: string;
  readonly document: GraphDocument;
  readonly targets?: readonly string[] | undefined;
  readonly priority: number;
  readonly batch: string | null;
  readonly cell: readonly number[] | null;
  readonly origin?: Json | undefined;
}

export interface TakenJob {
  readonly job: string;
  readonly targets: readonly string[] | undefined;
}

const WAITING = "state = 'waiting'";
const ORDER = "ORDER BY priority DESC, place";
/** Places closer than this are spread out before another goes between them. */
const CLOSEST = 1e-6;

export class JobQueue {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
  }

  /** To the end of their priority, or before everything that waits. Throws ERR_INVALID_ARGUMENT for an id that exists. */
  add(jobs: readonly NewJob[], first: boolean): void {
    this.#database.transaction(() => {
      const top = first ? this.#top() : null;
      let place = top === null ? this.#lastPlace() : top.place - jobs.length - 1;
      for (const { job, title, document, targets, priority, batch, cell, origin } of jobs) {
        if (this.#database.first("SELECT 1 FROM jobs WHERE job = ?", job) !== undefined) {
          throw new UmbelError(
            "ERR_INVALID_ARGUMENT",
            `Expected a new job id, got "${job}" again.`,
          );
        }
        this.#database.run(
          "INSERT INTO jobs (job, title, state, priority, place, batch, cell, targets, origin, added) VALUES (?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?)",
          job,
          title,
          top === null ? priority : Math.max(priority, top.priority),
          ++place,
          batch,
          toText(cell),
          toText(targets),
          toText(origin),
          this.#now(),
        );
        this.#database.run("INSERT INTO documents VALUES (?, ?)", job, serializeDocument(document));
      }
    });
  }

  waiting(offset: number, limit: number): JobEntry[] {
    return findEntries(this.#database, `WHERE ${WAITING} ${ORDER} LIMIT ? OFFSET ?`, limit, offset);
  }

  waitingCount(): number {
    return Number(this.#database.first(`SELECT count(*) AS n FROM jobs WHERE ${WAITING}`)?.["n"]);
  }

  running(): JobEntry[] {
    return findEntries(this.#database, "WHERE state = 'running' ORDER BY started");
  }

  /** The next job, which runs from now on; null when none waits. */
  take(): TakenJob | null {
    // A job that waits again after a power cut is run again, as one that ran then is.
    return this.#database.quickTransaction(() => {
      const row = this.#database.first(
        `SELECT job, targets FROM jobs WHERE ${WAITING} ${ORDER} LIMIT 1`,
      );
      if (row === undefined) return null;
      const job = String(row["job"]);
      this.#database.run(
        "UPDATE jobs SET state = 'running', started = ?, attempts = attempts + 1 WHERE job = ?",
        this.#now(),
        job,
      );
      return { job, targets: (fromText(row["targets"]) as string[] | null) ?? undefined };
    });
  }

  /**
   * Puts a running job back before those of its priority, with the reason. `crash`: the engine died under it, which
   * counts; returns how often that has happened.
   */
  putBack(job: string, reason: ErrorRecord, crash: boolean): number {
    return this.#database.transaction(() => {
      const { priority } = this.#expect(job, "running");
      const top = this.#database.first(
        `SELECT min(place) AS place FROM jobs WHERE ${WAITING} AND priority = ?`,
        priority,
      );
      const place = Number(top?.["place"] ?? 1) - 1;
      this.#database.run(
        "UPDATE jobs SET state = 'waiting', place = ?, error = ?, crashes = crashes + ? WHERE job = ?",
        place,
        JSON.stringify(reason),
        crash ? 1 : 0,
        job,
      );
      return this.crashes(job);
    });
  }

  /** How often an engine has died under this job. */
  crashes(job: string): number {
    return Number(this.#database.first("SELECT crashes FROM jobs WHERE job = ?", job)?.["crashes"]);
  }

  /** Remembers that a running job is to end, also over the death of this process. */
  markCancelled(job: string): void {
    this.#database.run("UPDATE jobs SET cancelled = 1 WHERE job = ? AND state = 'running'", job);
  }

  isCancelled(job: string): boolean {
    return (
      this.#database.first("SELECT cancelled FROM jobs WHERE job = ?", job)?.["cancelled"] === 1
    );
  }

  /** Throws ERR_INVALID_ARGUMENT unless the job waits. */
  replace(job: string, document: GraphDocument): void {
    this.#database.transaction(() => {
      this.#expect(job, "waiting");
      this.#database.run(
        "UPDATE documents SET document = ? WHERE job = ?",
        serializeDocument(document),
        job,
      );
    });
  }

  /**
   * Before another waiting job, or to the end; it takes that place's priority. Throws ERR_INVALID_ARGUMENT unless both
   * wait.
   */
  move(job: string, before: string | null): void {
    this.#database.transaction(() => {
      this.#expect(job, "waiting");
      if (job === before) return;
      const { priority, place } = before === null ? this.#end() : this.#placeBefore(job, before);
      this.#database.run(
        "UPDATE jobs SET priority = ?, place = ? WHERE job = ?",
        priority,
        place,
        job,
      );
    });
  }

  /** Takes a waiting job out; false when it does not wait. */
  remove(job: string): boolean {
    return this.#database.run(`DELETE FROM jobs WHERE job = ? AND ${WAITING}`, job) > 0;
  }

  /** Takes all waiting jobs out. */
  clear(): void {
    this.#database.run(`DELETE FROM jobs WHERE ${WAITING}`);
  }

  #placeBefore(job: string, before: string): { priority: number; place: number } {
    const { priority, place } = this.#expect(before, "waiting");
    const previous = this.#database.first(
      `SELECT max(place) AS place FROM jobs WHERE ${WAITING} AND priority = ? AND place < ? AND job <> ?`,
      priority,
      place,
      job,
    )?.["place"];
    if (typeof previous !== "number") return { priority, place: place - 1 };
    if (place - previous > CLOSEST) return { priority, place: (place + previous) / 2 };
    this.#spread(priority);
    return this.#placeBefore(job, before);
  }

  /** Whole numbers for all places of a priority. */
  #spread(priority: number): void {
    const rows = this.#database.all(
      `SELECT job FROM jobs WHERE ${WAITING} AND priority = ? ORDER BY place`,
      priority,
    );
    for (const [i, row] of rows.entries())
      this.#database.run("UPDATE jobs SET place = ? WHERE job = ?", i + 1, String(row["job"]));
  }

  #top(): { priority: number; place: number } | null {
    const row = this.#database.first(
      `SELECT priority, place FROM jobs WHERE ${WAITING} ${ORDER} LIMIT 1`,
    );
    return row === undefined ? null : placeOf(row);
  }

  #end(): { priority: number; place: number } {
    const row = this.#database.first(`SELECT min(priority) AS priority FROM jobs WHERE ${WAITING}`);
    return { priority: Number(row?.["priority"] ?? 0), place: this.#lastPlace() + 1 };
  }

  #lastPlace(): number {
    const row = this.#database.first(`SELECT max(place) AS place FROM jobs WHERE ${WAITING}`);
    return Number(row?.["place"] ?? 0);
  }

  #expect(job: string, state: "waiting" | "running"): { priority: number; place: number } {
    const row = this.#database.first("SELECT state, priority, place FROM jobs WHERE job = ?", job);
    if (row === undefined) return unknownJob(job);
    if (row["state"] !== state) {
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected a ${state} job, got "${job}", which is ${String(row["state"])}.`,
      );
    }
    return placeOf(row);
  }

  /** One job. Throws ERR_INVALID_ARGUMENT when there is none. */
  entry(job: string): JobEntry {
    return findEntry(this.#database, job);
  }
}

function placeOf(row: Row): { priority: number; place: number } {
  return { priority: Number(row["priority"]), place: Number(row["place"]) };
}

function toText(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
