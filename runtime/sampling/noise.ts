/** Normal noise equal to torch.randn on torch's CPU generator, so that a seed means the same clip as in ComfyUI. */
import { UmbelError } from "#runtime/errors";
import { f32, sqrt32 } from "./float32.ts";
import { MersenneTwister } from "./mersenne-twister.ts";

const BLOCK = 16;
const HALF = BLOCK / 2;
const TWO_PI = f32(2 * Math.PI);
const HALF_PI = Math.PI / 2;
const [S3, S5, S7] = [-1 / 6, 1 / 120, -1 / 5040];
const [S9, S11, S13] = [1 / 362880, -1 / 39916800, 1 / 6227020800];
const [C2, C4, C6, C8] = [-1 / 2, 1 / 24, -1 / 720, 1 / 40320];
const [C10, C12, C14] = [-1 / 3628800, 1 / 479001600, -1 / 87178291200];

/** One generator: successive calls go on in its stream. */
export class TorchRandom {
  readonly #bits: MersenneTwister;
  #spare: number | null = null;

  constructor(seed: bigint) {
    this.#bits = new MersenneTwister(seed);
  }

  /** `size` values of mean 0 and deviation 1. */
  randn(size: number): Float32Array {
    const values = new Float32Array(size);
    if (size < BLOCK) {
      for (let i = 0; i < size; i++) values[i] = this.#single();
      return values;
    }
    this.#bits.fillUniform24(values, 0, size);
    const whole = size - (size % BLOCK);
    for (let start = 0; start < whole; start += BLOCK) boxMuller(values, start);
    if (whole < size) {
      // The ragged end is drawn anew together with what stands before it.
      this.#bits.fillUniform24(values, size - BLOCK, size);
      boxMuller(values, size - BLOCK);
    }
    return values;
  }

  /** Fewer than 16 values come in double precision, in pairs of which the second is kept for the next call. */
  #single(): number {
    if (this.#spare !== null) {
      const value = this.#spare;
      this.#spare = null;
      return value;
    }
    const angle = 2 * Math.PI * this.#uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform53()));
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  #uniform53(): number {
    const high = this.#bits.next() & 0x1fffff;
    return (high * 2 ** 32 + this.#bits.next()) * 2 ** -53;
  }
}

/** Turns 16 uniform values into normal ones, the first eight paired with the last eight. */
function boxMuller(values: Float32Array, start: number): void {
  for (let i = start; i < start + HALF; i++) {
    const radius = sqrt32(f32(-2 * f32(Math.log(1 - (values[i] as number)))));
    const angle = f32(TWO_PI * (values[i + HALF] as number));
    // Taylor series around the nearest multiple of pi / 2: both at once, exact to 1e-14, faster than Math.sin.
    const quadrant = Math.round(angle / HALF_PI);
    const rest = angle - quadrant * HALF_PI;
    const square = rest * rest;
    const sine = f32(
      rest *
        (1 +
          square *
            (S3 + square * (S5 + square * (S7 + square * (S9 + square * (S11 + square * S13)))))),
    );
    const cosine = f32(
      1 +
        square *
          (C2 +
            square *
              (C4 +
                square * (C6 + square * (C8 + square * (C10 + square * (C12 + square * C14)))))),
    );
    const odd = (quadrant & 1) === 1;
    const along = odd ? sine : cosine;
    const across = odd ? cosine : sine;
    values[i] = quadrant === 1 || quadrant === 2 ? -radius * along : radius * along;
    values[i + HALF] = quadrant === 2 || quadrant === 3 ? -radius * across : radius * across;
  }
}

/**
 * The noise of a latent [B, ...]. With batch indices each item takes the noise that a batch would have had at that
 * index: items are drawn one by one in a single stream, and the wanted ones are picked.
 */
export function latentNoise(
  shape: readonly number[],
  seed: bigint,
  batchIndex?: readonly number[],
): Float32Array {
  const random = new TorchRandom(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  if (batchIndex === undefined) return random.randn(size);
  if (batchIndex.length !== shape[0] || batchIndex.some((i) => !Number.isInteger(i) || i < 0)) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected ${shape[0]} batch indices from 0, got [${batchIndex.join(", ")}].`,
    );
  }
  const item = size / batchIndex.length;
  const noise = new Float32Array(size);
  const last = Math.max(...batchIndex);
  for (let index = 0; index <= last; index++) {
    const drawn = random.randn(item);
    batchIndex.forEach((wanted, place) => {
      if (wanted === index) noise.set(drawn, place * item);
    });
  }
  return noise;
}
