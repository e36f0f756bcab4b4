/** The values of a sweep as people write them: a list "0.1, 0.2, 0.4" or a range "0.1 to 0.8 by 0.1". */
import { UmbelError } from "#runtime/errors";

export const MOST_VALUES = 64;

const RANGE =
  /^\s*(-?[\d.]+)\s*(?:to|\.\.|-|–)\s*(-?[\d.]+)\s*(?:(?:by|step|in steps of)\s*([\d.]+))?\s*$/i;

/** Throws ERR_INVALID_ARGUMENT with what to write instead. */
export function parseSweepNumbers(text: string): number[] {
  const range = RANGE.exec(text);
  const values = range === null ? parseList(text) : parseRange(range);
  if (values.length === 0) {
    throw invalid(
      "Expected values, got none. Write a list (0.1, 0.2) or a range (0.1 to 0.8 by 0.1).",
    );
  }
  if (values.length > MOST_VALUES) throw tooMany(values.length);
  return values;
}

function parseList(text: string): number[] {
  const parts = text.split(/[,;\s]+/).filter((part) => part !== "");
  return parts.map((part) => {
    const value = Number(part);
    if (!Number.isFinite(value)) throw invalid(`Expected numbers, got "${part}".`);
    return value;
  });
}

function parseRange([, first = "", last = "", by]: RegExpExecArray): number[] {
  const [start, end] = [Number(first), Number(last)];
  const step = by === undefined ? 1 : Number(by);
  if (![start, end, step].every(Number.isFinite))
    throw invalid(`Expected numbers, got "${first} to ${last}".`);
  if (step <= 0) throw invalid(`Expected a step above 0, got ${by}.`);
  const count = Math.floor(Math.abs(end - start) / step + 1e-9) + 1;
  if (count > MOST_VALUES) throw tooMany(count);
  const sign = end < start ? -1 : 1;
  return Array.from({ length: count }, (_, i) => Number((start + sign * i * step).toPrecision(12)));
}

/** Words of a list, for a parameter with choices. Throws ERR_INVALID_ARGUMENT for one that is not among them. */
export function parseSweepChoices(
  text: string,
  options: readonly (string | number)[],
): (string | number)[] {
  const parts = text
    .split(/[,;]+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0)
    throw invalid("Expected values, got none. Write them with commas between.");
  return parts.map((part) => {
    const option = options.find((known) => String(known) === part);
    if (option === undefined)
      throw invalid(`Expected one of ${options.slice(0, 8).join(", ")}, got "${part}".`);
    return option;
  });
}

/** How many runs two axes make. */
export function sweepRuns(axes: readonly { readonly values: readonly unknown[] }[]): number {
  return axes.reduce((runs, { values }) => runs * values.length, axes.length === 0 ? 0 : 1);
}

function tooMany(count: number): UmbelError {
  return invalid(`Expected at most ${MOST_VALUES} values, got ${count}. Take larger steps.`);
}

function invalid(message: string): UmbelError {
  return new UmbelError("ERR_INVALID_ARGUMENT", message);
}
