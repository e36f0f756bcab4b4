import { describe, expect, test } from "vitest";
import { attention, attentionWithLse, cast } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { attentionReference, worstDifference, type AttentionSize } from "./attention-reference.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

// Against float64, relative to 1 + |value|; float32 rounding of logits of a few units, base-2 exponentials.
const TOLERANCE = 3e-6;

function inputs(size: AttentionSize) {
  const { batch, queries, keys, heads, width } = size;
  return {
    q: randomArray(batch * queries * heads * width, 1, 2),
    k: randomArray(batch * keys * heads * width, 2, 2),
    v: randomArray(batch * keys * heads * width, 3),
  };
}

onEveryIsa((device) => {
  function tensors(size: AttentionSize) {
    const { batch, queries, keys, heads, width } = size;
    const { q, k, v } = inputs(size);
    const lead = batch === 0 ? [] : [batch];
    return {
      q: device.tensor(q, [...lead, queries, heads, width]),
      k: device.tensor(k, [...lead, keys, heads, width]),
      v: device.tensor(v, [...lead, keys, heads, width]),
    };
  }

  describe("equals softmax(q k^T / sqrt(D)) v and its log-sum-exp", () => {
    test.each<AttentionSize>([
      { batch: 1, queries: 1, keys: 1, heads: 1, width: 4 },
      { batch: 2, queries: 50, keys: 50, heads: 3, width: 12 },
      { batch: 1, queries: 100, keys: 300, heads: 2, width: 64 },
      { batch: 2, queries: 33, keys: 530, heads: 1, width: 128 },
      { batch: 1, queries: 70, keys: 520, heads: 1, width: 384 },
      { batch: 1, queries: 3, keys: 700, heads: 2, width: 256 },
      { batch: 1, queries: 257, keys: 20, heads: 2, width: 32 },
      { batch: 1, queries: 9, keys: 257, heads: 1, width: 65 },
    ])("%o", async (size) => {
      const [out, lse] = scope(() => {
        const { q, k, v } = tensors(size);
        const result = attentionWithLse(q, k, v);
        expect(result.out.shape).toEqual(q.shape);
        expect(result.lse.shape).toEqual([size.batch, size.heads, size.queries]);
        return [result.out.read(), result.lse.read()] as const;
      });
      const { q, k, v } = inputs(size);
      const expected = attentionReference(q, k, v, size);
      expect(worstDifference(await out, expected.out)).toBeLessThan(TOLERANCE);
      expect(worstDifference(await lse, expected.lse)).toBeLessThan(TOLERANCE);
    });
  });

  test.each<AttentionSize>([
    { batch: 1, queries: 3, keys: 300, heads: 2, width: 64 },
    { batch: 2, queries: 300, keys: 290, heads: 3, width: 40 },
  ])("has the same bytes over its queries: %o", async (size) => {
    const [apart, over] = scope(() => {
      const { q, k, v } = tensors(size);
      const first = attention(q, k, v).readRaw();
      expect(attention(q, k, v, { into: q })).toBe(q);
      return [first, q.readRaw()] as const;
    });
    expect(Buffer.compare(await over, await apart)).toBe(0);
  });

  test.each([
    ["for each head and row", [3, 40, 290]],
    ["for all heads", [1, 40, 290]],
    ["for all rows", [3, 1, 290]],
    ["of the keys alone", [1, 1, 290]],
  ] as const)("adds a bias %s; rows without a key become zeros", async (_, shape) => {
    const size = { batch: 1, queries: 40, keys: 290, heads: 3, width: 16 };
    const values = randomArray(shape[0] * shape[1] * shape[2], 4, 3);
    for (let i = 0; i < values.length; i += 3) values[i] = -Infinity;
    // One row is masked as a whole, another through its whole first batch of keys.
    if (shape[1] > 1)
      values.fill(-Infinity, 5 * 290, 6 * 290).fill(-Infinity, 7 * 290, 7 * 290 + 256);
    const [out, lse] = scope(() => {
      const { q, k, v } = tensors(size);
      const result = attentionWithLse(q, k, v, { bias: device.tensor(values, shape) });
      return [result.out.read(), result.lse.read()] as const;
    });
    const { q, k, v } = inputs(size);
    const expected = attentionReference(q, k, v, size, (head, query, key) => {
      const row = (head % shape[0]) * shape[1] + (query % shape[1]);
      return values[row * 290 + key] ?? NaN;
    });
    const result = await out;
    expect(worstDifference(result, expected.out)).toBeLessThan(TOLERANCE);
    expect(worstDifference(await lse, expected.lse)).toBeLessThan(TOLERANCE);
    if (shape[1] > 1) {
      const row = result.slice(5 * 3 * 16, 5 * 3 * 16 + 16);
      expect([...row]).toEqual(new Array<number>(16).fill(0));
      expect((await lse)[5]).toBe(-Infinity);
    }
  });

  test.each<[string, number[], (line: Tensor) => Tensor]>([
    ["rows that overlap", [3, 349], (line) => line.windows(300)],
    ["rows counted backwards", [3, 349], (line) => line.windows(300).flip(1)],
    ["heads counted backwards", [3, 50, 300], (line) => line.flip(0)],
    ["keys counted backwards", [3, 50, 300], (line) => line.flip(2)],
    ["a part", [4, 60, 310], (line) => line.slice(0, 1).slice(1, 4, 54).slice(2, 7, 307)],
    ["axes in another order", [300, 50, 3], (line) => line.permute([2, 1, 0])],
  ])("a bias of %s is that of its copy", async (_, shape, view) => {
    const size = { batch: 1, queries: 50, keys: 300, heads: 3, width: 16 };
    const results = scope(() => {
      const { q, k, v } = tensors(size);
      const line = device.tensor(
        randomArray(
          shape.reduce((a, b) => a * b, 1),
          6,
          3,
        ),
        shape,
      );
      return [line, cast(line, "bf16")].flatMap((each) =>
        [view(each), view(each).contiguous()].map((bias) => attention(q, k, v, { bias }).read()),
      );
    });
    const [wide, wideCopy, narrow, narrowCopy] = await Promise.all(results);
    expect(wide).toEqual(wideCopy);
    expect(narrow).toEqual(narrowCopy);
    expect(narrow).not.toEqual(wide);
  });

  // Up to 4 queries take another way, without packed keys.
  test.each([1, 2, 3, 4, 5])("%i queries with a bias and keys left out", async (queries) => {
    const size = { batch: 2, queries, keys: 300, heads: 3, width: 13 };
    const values = randomArray(3 * queries * 300, 5, 3).map((x) => (x > 2 ? -Infinity : x));
    const [out, lse] = scope(() => {
      const { q, k, v } = tensors(size);
      const bias = device.tensor(values, [3, queries, 300]);
      const result = attentionWithLse(q, k, v, { bias, validKeys: 277 });
      return [result.out.read(), result.lse.read()] as const;
    });
    const { q, k, v } = inputs(size);
    const expected = attentionReference(q, k, v, size, (head, query, key) =>
      key < 277 ? (values[(head * queries + query) * 300 + key] ?? NaN) : -Infinity,
    );
    expect(worstDifference(await out, expected.out)).toBeLessThan(TOLERANCE);
    expect(worstDifference(await lse, expected.lse)).toBeLessThan(TOLERANCE);
  });

  test("keys beyond validKeys are never read into the result", async () => {
    const size = { batch: 2, queries: 11, keys: 300, heads: 2, width: 20 };
    const { q, k, v } = inputs(size);
    for (let b = 0; b < 2; b++) {
      k.fill(NaN, (b * 300 + 261) * 40, (b + 1) * 300 * 40);
      v.fill(NaN, (b * 300 + 261) * 40, (b + 1) * 300 * 40);
    }
    const [result] = scope(() => {
      const [queries, keys] = [device.tensor(q, [2, 11, 2, 20]), device.tensor(k, [2, 300, 2, 20])];
      const values = device.tensor(v, [2, 300, 2, 20]);
      return [attention(queries, keys, values, { validKeys: 261 }).read()] as const;
    });
    const clean = inputs(size);
    const masked = attentionReference(clean.q, clean.k, clean.v, size, (_, __, key) =>
      key < 261 ? 0 : -Infinity,
    );
    expect(worstDifference(await result, masked.out)).toBeLessThan(TOLERANCE);
  });

  test("large logits neither overflow nor lose the largest", async () => {
    const [result] = scope(() => {
      const q = device.tensor(Float32Array.of(1000, 0, -1000, 0), [2, 1, 2]);
      const k = device.tensor(Float32Array.of(100, 0, 50, 0, -100, 0), [3, 1, 2]);
      const v = device.tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 1, 2]);
      return [attention(q, k, v).read()] as const;
    });
    expect([...(await result)]).toEqual([1, 2, 5, 6]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  const q = device.tensor(randomArray(333 * 2 * 40, 1), [333, 2, 40]);
  const k = device.tensor(randomArray(555 * 2 * 40, 2), [555, 2, 40]);
  return attention(q, k, device.tensor(randomArray(555 * 2 * 40, 3), [555, 2, 40]));
});
