/**
 * A Brownian path over noise levels, equal to the BrownianTree of repository google-research/torchsde, from which
 * ComfyUI's SDE samplers take their noise: level by level halved intervals, each split drawn from its own seed, so that
 * the path depends on the seed alone and not on the steps that are taken along it.
 */
import { f32 } from "./float32.ts";
import { TorchRandom } from "./noise.ts";
import { seedWords } from "./seed-sequence.ts";

const POOL_SIZE = 24;
const DECIMALS = 6;
/** Increments that are remembered, at most and in float32 values. */
const MOST_KEPT = 45;
const MOST_VALUES = 2 ** 27;

/** Part of the path; halved on demand. */
interface Interval {
  readonly start: number;
  readonly end: number;
  readonly parent: Interval | null;
  readonly isLeft: boolean;
  readonly spawnKey: number;
  readonly depth: number;
  middle: number | null;
  left: Interval | null;
  right: Interval | null;
}

export class BrownianPath {
  readonly #size: number;
  readonly #entropy: bigint;
  readonly #root: Interval;
  readonly #whole: Float32Array;
  readonly #kept = new Map<Interval, Float32Array>();
  readonly #mostKept: number;

  /** A path of `size` independent values between two levels. */
  constructor(low: number, high: number, size: number, seed: bigint) {
    this.#size = size;
    this.#entropy = seed;
    this.#mostKept = Math.max(4, Math.min(MOST_KEPT, Math.floor(MOST_VALUES / size)));
    const ends = { start: rounded(low), end: rounded(high) };
    this.#root = { ...ends, ...fresh(null, true, 0, 0) };
    const [first = 0] = seedWords({ entropy: seed, poolSize: POOL_SIZE }, 1);
    const scale = f32(Math.sqrt(high - low));
    this.#whole = new TorchRandom(BigInt(first)).randn(size).map((value) => value * scale);
  }

  /** The path over the positive ones of a run's levels. */
  static over(sigmas: Float32Array, size: number, seed: bigint): BrownianPath {
    const positive = sigmas.filter((sigma) => sigma > 0);
    return new BrownianPath(Math.min(...positive), Math.max(...positive), size, seed);
  }

  /** Increment from one level to another, divided by the root of their distance; falling levels turn its sign. */
  unitNoise(sigma: number, next: number): Float32Array {
    const sign = sigma < next ? 1 : -1;
    const increment = this.#increment(Math.min(sigma, next), Math.max(sigma, next));
    const root = f32(Math.sqrt(Math.abs(f32(f32(next) - f32(sigma)))));
    if (root === 0) return increment;
    return increment.map((value) => (sign * value) / root);
  }

  #increment(low: number, high: number): Float32Array {
    const within = (level: number): number =>
      rounded(Math.min(Math.max(level, this.#root.start), this.#root.end));
    const [from, to] = [within(low), within(high)];
    const sum = new Float32Array(this.#size);
    if (from === to) return sum;
    this.#cover(this.#root, from, to).forEach((interval, i) => {
      const part = this.#value(interval);
      for (let k = 0; k < sum.length; k++)
        sum[k] = i === 0 ? (part[k] as number) : (sum[k] as number) + (part[k] as number);
    });
    return sum;
  }

  /** Intervals of the tree that make up [from, to], in order; splits where needed. */
  #cover(interval: Interval, from: number, to: number): Interval[] {
    if (from === interval.start && to === interval.end) return [interval];
    const { middle, left, right } = split(interval);
    if (to <= middle) return this.#cover(left, from, to);
    if (from >= middle) return this.#cover(right, from, to);
    return [...this.#cover(left, from, middle), ...this.#cover(right, middle, to)];
  }

  /** The path's increment over an interval: a Brownian bridge across its parent. */
  #value(interval: Interval): Float32Array {
    const { parent } = interval;
    if (parent === null) return this.#whole;
    const known = this.#kept.get(interval);
    if (known !== undefined) {
      this.#keep(interval, known);
      return known;
    }
    const { middle, left, right } = split(parent);
    const over = this.#value(parent);
    const span = 1 / (parent.end - parent.start);
    const before = middle - parent.start;
    const after = parent.end - middle;
    const deviation = f32(Math.sqrt(before * after * span));
    const [weight, share] = [f32(before), f32(span)];
    const source = {
      entropy: this.#entropy,
      spawnKey: [parent.spawnKey, parent.depth],
      poolSize: POOL_SIZE,
    };
    const [seed = 0] = seedWords(source, 1);
    const leftPart = new TorchRandom(BigInt(seed)).randn(this.#size);
    const rightPart = new Float32Array(this.#size);
    for (let i = 0; i < leftPart.length; i++) {
      const mean = f32(f32(weight * (over[i] as number)) * share);
      const value = f32(mean + f32(deviation * (leftPart[i] as number)));
      leftPart[i] = value;
      rightPart[i] = (over[i] as number) - value;
    }
    this.#keep(left, leftPart);
    this.#keep(right, rightPart);
    return interval.isLeft ? leftPart : rightPart;
  }

  /** Remembers as the most recent and drops the oldest. */
  #keep(interval: Interval, value: Float32Array): void {
    this.#kept.delete(interval);
    this.#kept.set(interval, value);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#mostKept) break;
      this.#kept.delete(oldest);
    }
  }
}

function split(interval: Interval): { middle: number; left: Interval; right: Interval } {
  const { start, end, spawnKey, depth } = interval;
  const middle = (interval.middle ??= rounded(0.5 * (end + start)));
  const left = (interval.left ??= {
    start,
    end: middle,
    ...fresh(interval, true, 2 * spawnKey, depth + 1),
  });
  const right = (interval.right ??= {
    start: middle,
    end,
    ...fresh(interval, false, 2 * spawnKey + 1, depth + 1),
  });
  return { middle, left, right };
}

function fresh(
  parent: Interval | null,
  isLeft: boolean,
  spawnKey: number,
  depth: number,
): Omit<Interval, "start" | "end"> {
  return { parent, isLeft, spawnKey, depth, middle: null, left: null, right: null };
}

/** To 6 decimals, exact ties to the even one, as Python rounds. Ties are the odd multiples of 1/128. */
function rounded(level: number): number {
  const parts = level * 128;
  if (Number.isInteger(parts) && parts % 2 !== 0) {
    const below = Math.floor(level * 10 ** DECIMALS);
    return (below % 2 === 0 ? below : below + 1) / 10 ** DECIMALS;
  }
  return Number(level.toFixed(DECIMALS));
}
