import { expect, test } from "vitest";
import { seedWords } from "#runtime/sampling/seed-sequence";

// numpy.random.SeedSequence(entropy, spawn_key=..., pool_size=...).generate_state(n), NumPy 1.24
test.each([
  { entropy: 0n, spawnKey: [], poolSize: 24, words: [4025752534, 2687548107, 2326983537] },
  {
    entropy: 42n,
    spawnKey: [],
    poolSize: 4,
    words: [
      3444837047, 2669555309, 2046530742, 3581440988, 1691623607, 2099784219, 1184028159, 862288241,
    ],
  },
  {
    entropy: 2n ** 64n - 1n,
    spawnKey: [5, 3],
    poolSize: 24,
    words: [206752380, 1890374860, 654320852, 1710134239],
  },
  {
    entropy: 156680208700286n,
    spawnKey: [1048575, 20],
    poolSize: 24,
    words: [694678212, 1347391641, 1942546199, 1990636301],
  },
  {
    entropy: 7n,
    spawnKey: [0, 0],
    poolSize: 8,
    words: [1139470921, 3448317998, 3725192055, 3231154847],
  },
])("equals NumPy for $entropy, $spawnKey", ({ words, ...source }) => {
  expect([...seedWords(source, words.length)]).toEqual(words);
});
