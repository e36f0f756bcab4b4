/**
 * Weights of DEIS (Zhang and Chen 2022, arXiv 2204.13902), "tab" form of repository zju-pi/diff-sampler: the integral
 * of the Lagrange polynomials through the last slopes, in the time of a variance-preserving process that spans sigma
 * 0.002 to 80, by a sum over ten thousand points. Float32 throughout as published.
 */
import { f32, linspace32, log32, sqrt32, exp32 } from "./float32.ts";

const POINTS = 10_000;
const FIRST_TIME = 1e-3;

interface Process {
  readonly least: number;
  readonly growth: number;
}

/** For each step the weights of the slopes, this one first; empty for a step of order 1, which is Euler's. */
export function deisWeights(sigmas: Float32Array, mostOrder: number): number[][] {
  const process = vpProcess();
  const times = Array.from(sigmas, (sigma) => timeOf(process, sigma));
  return times.slice(1).map((next, i) => {
    const order = Math.min(i + 1, mostOrder);
    if (order === 1) return [];
    const time = times[i] as number;
    const nodes = Array.from({ length: order }, (_, k) => times[i - k] as number);
    const points = linspace32(time, next, POINTS);
    const density = points.map((point) => integrand(process, point));
    const width = f32(f32(next - time) / POINTS);
    return nodes.map((_, j) => f32(f32(integral(density, points, nodes, j)) * width));
  });
}

function vpProcess(): Process {
  const low = log32(f32(f32(0.002) * f32(0.002)) + 1);
  const high = log32(f32(80 * 80) + 1);
  const growth = f32(f32(2 * f32(f32(low / FIRST_TIME) - high)) / (FIRST_TIME - 1));
  return { growth, least: f32(high - f32(0.5 * growth)) };
}

function timeOf({ least, growth }: Process, sigma: number): number {
  const log = log32(f32(f32(sigma * sigma) + 1));
  const root = sqrt32(f32(f32(least * least) + f32(f32(2 * growth) * log)));
  return f32(f32(root - least) / growth);
}

function integrand({ least, growth }: Process, time: number): number {
  const most = f32(growth + least);
  const slope = f32(most - least);
  const exponent = f32(f32(f32(-0.5 * f32(time * time)) * slope) - f32(time * least));
  const alpha = exp32(exponent);
  const logSlope = f32(f32(-time * slope) - least);
  return f32(f32(-0.5 * logSlope) / sqrt32(f32(alpha * f32(1 - alpha))));
}

function integral(
  density: Float32Array,
  points: Float32Array,
  nodes: readonly number[],
  chosen: number,
): number {
  const node = nodes[chosen] as number;
  const others = nodes.filter((_, k) => k !== chosen);
  const scales = others.map((other) => f32(node - other));
  let sum = 0;
  for (let i = 0; i < points.length; i++) {
    let value = 1;
    for (let k = 0; k < others.length; k++) {
      value = f32(
        value * f32(f32((points[i] as number) - (others[k] as number)) / (scales[k] as number)),
      );
    }
    sum += f32((density[i] as number) * value);
  }
  return sum;
}
