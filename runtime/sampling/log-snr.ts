/** Half the logarithm of the signal-to-noise ratio of rectified flow, in float32: ln((1 - sigma) / sigma). */
import { exp32, f32, log32, sqrt32 } from "./float32.ts";

export function halfLogSnr(sigma: number): number {
  return -log32(f32(sigma / f32(1 - sigma)));
}

export function sigmaOfHalfLogSnr(lambda: number): number {
  return f32(1 / f32(1 + exp32(lambda)));
}

/** A run's levels with pure noise, whose ratio is 0, moved to just below. */
export function finiteLevels(sigmas: Float32Array, almostNoise: number): Float32Array {
  const levels = sigmas.slice();
  if (levels.length > 1 && (levels[0] as number) >= 1) levels[0] = almostNoise;
  return levels;
}

/** How far to step down and how much noise to add to land on `to` (k-diffusion's get_ancestral_step). */
export function ancestralStep(from: number, to: number, eta: number): { down: number; up: number } {
  if (eta === 0) return { down: to, up: 0 };
  const [start, end] = [f32(from * from), f32(to * to)];
  const up = Math.min(to, f32(eta * sqrt32(f32(f32(end * f32(start - end)) / start))));
  return { down: sqrt32(f32(end - f32(up * up))), up };
}
