/** Runs cases and watches what a bug would show in: foreign errors, time, memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isUmbelError } from "#runtime/errors";
import { Random } from "./random.ts";
import type { FuzzTarget } from "./target.ts";

export interface FuzzFailure {
  readonly target: string;
  /** Repeats the case: --only TARGET:CASE. */
  readonly number: number;
  readonly problem: string;
  readonly input: Uint8Array;
}

export interface TargetResult {
  readonly target: string;
  readonly cases: number;
  /** Read without an error in spite of the damage. */
  readonly accepted: number;
  /** Error code -> cases. */
  readonly codes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly slowestCase: number;
  /** Growth of the resident memory between a quarter of the cases and their end, bytes. */
  readonly growth: number;
  readonly failures: readonly FuzzFailure[];
}

/** A case that takes longer counts as a hang. */
export const CASE_LIMIT_MS = 5000;
const MOST_FAILURES = 20;

/** `seed` and the case's number alone decide a case. */
export async function fuzzTarget(
  target: FuzzTarget,
  cases: readonly number[],
  seed: number,
): Promise<TargetResult> {
  const codes: Record<string, number> = {};
  const failures: FuzzFailure[] = [];
  let accepted = 0;
  let slowest = { ms: 0, number: -1 };
  let settled = 0;
  for (const [i, number] of cases.entries()) {
    if (i === Math.floor(cases.length / 4)) settled = residentMemory();
    const input = caseInput(target, seed, number);
    const started = performance.now();
    const outcome = await outcomeOf(target, input);
    const ms = performance.now() - started;
    if (ms > slowest.ms) slowest = { ms, number };
    const problem = ms > CASE_LIMIT_MS ? `took ${Math.round(ms)} ms` : outcome.problem;
    if (problem !== undefined) failures.push({ target: target.name, number, problem, input });
    else if (outcome.code === undefined) accepted++;
    else codes[outcome.code] = (codes[outcome.code] ?? 0) + 1;
    if (failures.length >= MOST_FAILURES) break;
  }
  return {
    target: target.name,
    cases: cases.length,
    accepted,
    codes,
    slowestMs: slowest.ms,
    slowestCase: slowest.number,
    growth: residentMemory() - settled,
    failures,
  };
}

export function caseInput(target: FuzzTarget, seed: number, number: number): Uint8Array {
  return target.mutate(new Random(seed * 0x9e3779b1 + number));
}

async function outcomeOf(
  target: FuzzTarget,
  input: Uint8Array,
): Promise<{ code?: string; problem?: string }> {
  try {
    await withLimit(target.run(input));
    return {};
  } catch (error) {
    if (isUmbelError(error) && error.code !== "ERR_INTERNAL") return { code: error.code };
    return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Ends the wait for a case that never settles. */
async function withLimit(work: void | Promise<void>): Promise<void> {
  if (!(work instanceof Promise)) return;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("did not end")), 2 * CASE_LIMIT_MS);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** After a collection, so that only what is held counts. */
function residentMemory(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage.rss();
}
