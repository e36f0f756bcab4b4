/**
 * NumPy's SeedSequence: spreads one number and a path of spawn keys over any number of 32-bit seeds (after O'Neill's
 * randutils). Needed because the Brownian paths of diffusion samplers are seeded by it.
 */
const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;

export interface SeedSource {
  readonly entropy: bigint;
  readonly spawnKey?: readonly number[];
  readonly poolSize: number;
}

/** The first `count` words of SeedSequence(...).generate_state. */
export function seedWords(source: SeedSource, count: number): Uint32Array {
  const pool = mixPool(source);
  let constant = INIT_B;
  return Uint32Array.from({ length: count }, (_, i) => {
    let word = (pool[i % pool.length] as number) ^ constant;
    constant = Math.imul(constant, MULT_B);
    word = Math.imul(word, constant);
    return word ^ (word >>> 16);
  });
}

function mixPool(source: SeedSource): Uint32Array {
  const words = assemble(source);
  const pool = new Uint32Array(source.poolSize);
  let constant = INIT_A;
  const hash = (value: number): number => {
    let word = value ^ constant;
    constant = Math.imul(constant, MULT_A);
    word = Math.imul(word, constant);
    return word ^ (word >>> 16);
  };
  const mixInto = (target: number, value: number): void => {
    const word = (Math.imul(MIX_LEFT, pool[target] as number) - Math.imul(MIX_RIGHT, value)) | 0;
    pool[target] = word ^ (word >>> 16);
  };
  for (let i = 0; i < pool.length; i++) pool[i] = hash(words[i] ?? 0);
  for (let from = 0; from < pool.length; from++) {
    for (let to = 0; to < pool.length; to++) {
      if (from !== to) mixInto(to, hash(pool[from] as number));
    }
  }
  for (const word of words.slice(pool.length)) {
    for (let to = 0; to < pool.length; to++) mixInto(to, hash(word));
  }
  return pool;
}

/** Entropy as 32-bit words, low first, filled up to the pool when spawn keys follow. */
function assemble({ entropy, spawnKey = [], poolSize }: SeedSource): number[] {
  const words: number[] = [];
  for (let rest = entropy; rest > 0n || words.length === 0; rest >>= 32n) {
    words.push(Number(rest & 0xffffffffn));
  }
  if (spawnKey.length === 0) return words;
  while (words.length < poolSize) words.push(0);
  return [...words, ...spawnKey];
}
