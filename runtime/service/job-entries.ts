/** Jobs as clients see them, from their rows. */
import { UmbelError } from "#runtime/errors";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { JobEntry, ResultFile, ShownValue } from "#runtime/protocol/service-values";
import type { Database, Row } from "./database.ts";

/** What a node of a job showed. */
export type NodeResult = { readonly node: string } & (
  | { readonly file: ResultFile }
  | { readonly value: ShownValue }
);

/** Every column of a job but its document. */
const COLUMNS =
  "job, title, state, priority, batch, cell, attempts, error, problems, added, started, ended, peak_bytes";

/** Entries of the jobs that `where` finds, for example "WHERE state = ? ORDER BY ended". */
export function findEntries(
  database: Database,
  where: string,
  ...params: (string | number)[]
): JobEntry[] {
  return database
    .all(`SELECT ${COLUMNS} FROM jobs ${where}`, ...params)
    .map((row) => entryOf(database, row));
}

/** Throws ERR_INVALID_ARGUMENT for a job that is not there. */
export function findEntry(database: Database, job: string): JobEntry {
  return findEntries(database, "WHERE job = ?", job)[0] ?? unknownJob(job);
}

/** The document as it runs or ran. Throws ERR_INVALID_ARGUMENT for a job that is not there. */
export function findDocument(database: Database, job: string): GraphDocument {
  const row = database.first("SELECT document FROM documents WHERE job = ?", job);
  return row === undefined ? unknownJob(job) : parseDocument(String(row["document"]));
}

/** What came with the job. Throws ERR_INVALID_ARGUMENT for a job that is not there. */
export function findOrigin(database: Database, job: string): Json {
  const row = database.first("SELECT origin FROM jobs WHERE job = ?", job);
  return row === undefined ? unknownJob(job) : (fromText(row["origin"]) as Json);
}

export function unknownJob(job: string): never {
  throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected a job of this service, got "${job}".`);
}

export function fromText(text: unknown): unknown {
  return typeof text === "string" ? JSON.parse(text) : null;
}

function entryOf(database: Database, row: Row): JobEntry {
  const job = String(row["job"]);
  const ended = row["ended"] !== null;
  const shown = ended ? resultsOf(database, job) : [];
  return {
    job,
    title: String(row["title"]),
    state: row["state"] as JobEntry["state"],
    batch: row["batch"] as string | null,
    cell: fromText(row["cell"]) as number[] | null,
    priority: Number(row["priority"]),
    added: Number(row["added"]),
    started: row["started"] as number | null,
    ended: row["ended"] as number | null,
    attempts: Number(row["attempts"]),
    error: fromText(row["error"]) as JobEntry["error"],
    problems: fromText(row["problems"]) as JobEntry["problems"],
    results: shown.flatMap((r) => ("file" in r ? [{ ...r.file, node: r.node }] : [])),
    shown: shown.flatMap((r) => ("value" in r ? [{ node: r.node, value: r.value }] : [])),
    nodes: ended ? nodeRunsOf(database, job) : [],
    peakBytes: row["peak_bytes"] as number | null,
  };
}

function resultsOf(database: Database, job: string): NodeResult[] {
  return database
    .all("SELECT node, result FROM results WHERE job = ? ORDER BY number", job)
    .map((row) => {
      const result = fromText(row["result"]) as ResultFile | ShownValue;
      const node = String(row["node"]);
      return "place" in result ? { node, file: result } : { node, value: result };
    });
}

function nodeRunsOf(database: Database, job: string): JobEntry["nodes"] {
  return database
    .all(
      "SELECT node, seconds, peak_bytes, cached FROM node_runs WHERE job = ? ORDER BY number",
      job,
    )
    .map((row) => ({
      node: String(row["node"]),
      seconds: Number(row["seconds"]),
      peakBytes: Number(row["peak_bytes"]),
      cached: row["cached"] === 1,
    }));
}
