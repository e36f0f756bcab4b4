import type { Tensor } from "./tensor.ts";

/** A weight of float8 e4m3 [N, K] with the scale of each of its rows, [N]: row n is values[n] * scales[n]. */
export interface ScaledWeight {
  readonly values: Tensor;
  readonly scales: Tensor;
}

const ENDING = "_scale";

/** Under which name the scales of a weight lie beside it: X.weight -> X.weight_scale. */
export function scalesName(weight: string): string {
  return weight + ENDING;
}

/** The weight that a name of scales belongs to, or null. */
export function weightOfScales(name: string): string | null {
  return name.endsWith(`.weight${ENDING}`) ? name.slice(0, -ENDING.length) : null;
}
