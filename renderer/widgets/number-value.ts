/** Numbers as fields show, round and step them. */
import type { InputDescription } from "#runtime/protocol/node-description";

export const isWhole = (input: InputDescription): boolean =>
  input.kind === "int" || input.kind === "seed";

export function stepOf(input: InputDescription): number {
  return input.step ?? (isWhole(input) ? 1 : 0.01);
}

function decimalsOf(step: number): number {
  const text = step.toString();
  const exponent = /e-(\d+)$/.exec(text);
  if (exponent !== null) return Number(exponent[1]);
  return text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
}

/** As many decimals as the step has, more where the value needs them. */
export function formatNumber(value: number, input: InputDescription): string {
  if (!Number.isFinite(value)) return String(value);
  if (isWhole(input)) return String(value);
  const least = Math.min(2, decimalsOf(stepOf(input)));
  const exact = decimalsOf(Number(value.toPrecision(12)));
  return value.toFixed(Math.min(8, Math.max(least, exact)));
}

/** Within the limits, and on a step from the smallest value when it is a whole number. */
export function clampNumber(value: number, input: InputDescription): number {
  const min = input.min === undefined ? -Infinity : Number(input.min);
  const max = input.max === undefined ? Infinity : Number(input.max);
  const rounded = isWhole(input) ? Math.round(value) : Number(value.toPrecision(12));
  return Math.max(min, Math.min(max, rounded));
}

/** The range in which a value says something: the limits, or a narrower one where they are far apart. */
export function usefulRange(input: InputDescription): readonly [number, number] | null {
  if (input.min === undefined || input.max === undefined || isWhole(input)) return null;
  const min = Number(input.min);
  const max = Number(input.max);
  if (max - min <= 100) return [min, max];
  const usual = typeof input.default === "number" ? Math.abs(input.default) : 1;
  return [Math.max(min, 0), Math.min(max, Math.max(1, usual * 2))];
}

/** Share of the useful range that lies below the value, 0 to 1; null where there is no such range. */
export function levelOf(value: number, input: InputDescription): number | null {
  const range = usefulRange(input);
  if (range === null) return null;
  return Math.max(0, Math.min(1, (value - range[0]) / (range[1] - range[0])));
}

/** Digits in groups of three, set apart by narrow spaces. */
export function groupDigits(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, "\u2009");
}
