/** Places and sizes: pairs, or in files of 2024 objects with the keys "0" and "1". */
import type { Json } from "#runtime/graph/json";
import { isObject } from "#runtime/graph/json";

export function pointOf(value: Json | undefined): [number, number] | null {
  const pair: readonly (Json | undefined)[] = Array.isArray(value)
    ? (value as readonly Json[])
    : isObject(value)
      ? [value["0"], value["1"]]
      : [];
  const [x, y] = pair;
  return typeof x === "number" && typeof y === "number" ? [x, y] : null;
}

/** True for a pair that `pointOf` says wholly. */
export function isPair(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length === 2 && pointOf(value) !== null;
}

export function samePoint(
  a: readonly [number, number] | null | undefined,
  b: readonly [number, number] | null | undefined,
): boolean {
  return a?.[0] === b?.[0] && a?.[1] === b?.[1];
}
