const SIZE = 624;
const MIDDLE = 397;

/** MT19937 (Matsumoto and Nishimura 1998), seeded as torch's CPU generator is: by the low 32 bits of the seed. */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE);
  #next = SIZE;

  constructor(seed: bigint) {
    const state = this.#state;
    state[0] = Number(BigInt.asUintN(32, seed));
    for (let i = 1; i < SIZE; i++) {
      const before = state[i - 1] as number;
      state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** 0 .. 2^32 - 1 */
  next(): number {
    if (this.#next === SIZE) this.#refill();
    return temper(this.#state[this.#next++] as number) >>> 0;
  }

  /** Fills values[start .. end) with multiples of 2^-24 from 0 up to 1, one draw each. */
  fillUniform24(values: Float32Array, start: number, end: number): void {
    const state = this.#state;
    for (let i = start; i < end;) {
      if (this.#next === SIZE) this.#refill();
      const from = this.#next;
      const run = Math.min(SIZE - from, end - i);
      for (let j = 0; j < run; j++)
        values[i + j] = (temper(state[from + j] as number) & 0xffffff) * 2 ** -24;
      this.#next = from + run;
      i += run;
    }
  }

  #refill(): void {
    const state = this.#state;
    const split = SIZE - MIDDLE;
    for (let i = 0; i < split; i++) twist(state, i, i + 1, i + MIDDLE);
    for (let i = split; i < SIZE - 1; i++) twist(state, i, i + 1, i - split);
    twist(state, SIZE - 1, 0, MIDDLE - 1);
    this.#next = 0;
  }
}

function temper(word: number): number {
  let y = word ^ (word >>> 11);
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return y ^ (y >>> 18);
}

function twist(state: Uint32Array, place: number, next: number, far: number): void {
  const y = ((state[place] as number) & 0x80000000) | ((state[next] as number) & 0x7fffffff);
  state[place] = (state[far] as number) ^ (y >>> 1) ^ (-(y & 1) & 0x9908b0df);
}
