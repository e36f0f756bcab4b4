import { expect, test } from "vitest";
import { rmsNormRope } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import { randomArray } from "../helpers/tensors.ts";
import { errorOfLargest, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { mapRows } from "./norm-reference.ts";

const EPS = 1e-6;

/** Cosine and sine of an angle for each position and pair. */
function angles(positions: number, pairs: number): Float32Array {
  return Float32Array.from({ length: 2 * positions * pairs }, (_, i) => {
    const [position, pair] = [Math.floor(i / (2 * pairs)), (i >> 1) % pairs];
    const angle = position / 100 ** (pair / pairs);
    return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
}

onEveryIsa((device) => {
  test.each([
    { batch: 1, tokens: 0, heads: 2, width: 4 },
    { batch: 1, tokens: 1, heads: 1, width: 2 },
    { batch: 1, tokens: 3, heads: 1, width: 6 },
    { batch: 1, tokens: 5, heads: 3, width: 12 },
    { batch: 2, tokens: 7, heads: 2, width: 34 },
    { batch: 1, tokens: 4, heads: 12, width: 128 },
    { batch: 3, tokens: 50, heads: 6, width: 64 },
  ])("%o", async ({ batch, tokens, heads, width }) => {
    const total = heads * width;
    const x = randomArray(batch * tokens * total, 1, 4);
    const weight = randomArray(total, 2);
    const turns = angles(tokens, width / 2);
    const normal = mapRows(
      x,
      total,
      (v, i, { meanSquare }) => (v / Math.sqrt(meanSquare + EPS)) * (weight[i] ?? NaN),
    );
    const expected = normal.map((v, i) => {
      const position = Math.floor(i / total) % tokens;
      const at = position * width + ((i % width) & ~1);
      const [c, s] = [turns[at] ?? NaN, turns[at + 1] ?? NaN];
      return i % 2 === 0 ? v * c - (normal[i + 1] ?? NaN) * s : v * c + (normal[i - 1] ?? NaN) * s;
    });
    const shape = batch === 1 ? [tokens, total] : [batch, tokens, total];
    const values = await evaluate(() => {
      const y = rmsNormRope(
        device.tensor(x, shape),
        device.tensor(weight, [total]),
        device.tensor(turns, [tokens, width / 2, 2]),
        EPS,
        heads,
      );
      expect(y.shape).toEqual(shape);
      return y;
    });
    expect(errorOfLargest(values, expected)).toBeLessThan(5e-7);
  });

  test.each([
    { tokens: 5, heads: 3, width: 12 },
    { tokens: 50, heads: 6, width: 64 },
    { tokens: 3, heads: 24, width: 128 },
  ])("a weight of one head norms each by itself: %o", async ({ tokens, heads, width }) => {
    const x = randomArray(tokens * heads * width, 1, 4);
    const weight = randomArray(width, 2);
    const turns = angles(tokens, width / 2);
    const run = (shape: number[], table: Float32Array, headCount: number) =>
      evaluate(() =>
        rmsNormRope(
          device.tensor(x, shape),
          device.tensor(weight, [width]),
          device.tensor(table, [table.length / width, width / 2, 2]),
          EPS,
          headCount,
        ),
      );
    const whole = await run([tokens, heads * width], turns, heads);
    // The same as tokens of one head each, with every token's angles once a head.
    const repeated = Array.from({ length: tokens * heads }, (_, i) => {
      const from = Math.floor(i / heads) * width;
      return Array.from(turns.subarray(from, from + width));
    });
    const alone = await run([tokens * heads, width], Float32Array.from(repeated.flat()), 1);
    expect([...whole]).toEqual([...alone]);
  });

  test.each([40, 120])("has the same bytes over its operand, a weight of %d", async (norm) => {
    const [apart, over] = scope(() => {
      const x = device.tensor(randomArray(50 * 120, 4), [50, 120]);
      const weight = device.tensor(randomArray(norm, 5), [norm]);
      const table = device.tensor(angles(50, 20), [50, 20, 2]);
      const first = rmsNormRope(x, weight, table, EPS, 3).readRaw();
      expect(rmsNormRope(x, weight, table, EPS, 3, x)).toBe(x);
      return [first, x.readRaw()] as const;
    });
    expect(Buffer.compare(await over, await apart)).toBe(0);
  });

  test("a token that is not finite spoils no other", async () => {
    const values = await evaluate(() =>
      rmsNormRope(
        device.tensor(Float32Array.of(NaN, 1, 3, -3), [2, 2]),
        device.tensor(Float32Array.of(1, 2), [2]),
        device.tensor(Float32Array.of(1, 0, 0, 1), [2, 1, 2]),
        0,
        1,
      ),
    );
    expect([...values]).toEqual([NaN, NaN, 2, 1]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  rmsNormRope(
    device.tensor(randomArray(301 * 120, 4), [301, 120]),
    device.tensor(randomArray(120, 5), [120]),
    device.tensor(angles(301, 20), [301, 20, 2]),
    EPS,
    3,
  ),
);
