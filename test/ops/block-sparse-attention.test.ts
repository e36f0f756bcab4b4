import { describe, expect, test } from "vitest";
import type { CpuDevice } from "#runtime/tensor/cpu-device";
import {
  attentionWithLse,
  blockSparseAttention,
  blockSparseAttentionWithLse,
} from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import { randomArray } from "../helpers/tensors.ts";
import { worstDifference } from "./attention-reference.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

interface Case {
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly width: number;
  readonly blockSize: 64 | 128;
  readonly groups: number;
  readonly validKeys?: number;
}

/** About a third of all block pairs, other ones in each group; the second block row of each is empty. */
function randomMask({ queries, keys, blockSize, groups }: Case) {
  const [rows, columns] = [Math.ceil(queries / blockSize), Math.ceil(keys / blockSize)];
  const draws = randomArray(groups * rows * columns, 9);
  const active = (group: number, row: number, column: number): boolean =>
    row !== 1 && (draws[(group * rows + row) * columns + column] ?? NaN) > 0.3;
  const lists = Array.from({ length: groups }, (_, group) => {
    const rowPtr = [0];
    const col: number[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++)
        if (active(group, row, column)) col.push(column);
      rowPtr.push(col.length);
    }
    return { rowPtr, col };
  });
  const entries = Math.max(...lists.map(({ col }) => col.length));
  // Shorter lists end in padding that no row refers to.
  const col = lists.flatMap((list) => [
    ...list.col,
    ...new Array<number>(entries - list.col.length).fill(0),
  ]);
  const rowPtr = lists.flatMap((list) => list.rowPtr);
  return { active, rows, entries, rowPtr: Int32Array.from(rowPtr), col: Int32Array.from(col) };
}

function upload(device: CpuDevice, size: Case) {
  const { queries, keys, heads, width, groups, blockSize } = size;
  const mask = randomMask(size);
  return {
    q: device.tensor(randomArray(queries * heads * width, 1, 2), [queries, heads, width]),
    k: device.tensor(randomArray(keys * heads * width, 2, 2), [keys, heads, width]),
    v: device.tensor(randomArray(keys * heads * width, 3), [keys, heads, width]),
    mask: {
      blockSize,
      rowPtr: device.tensor(mask.rowPtr, [groups, mask.rows + 1]),
      col: device.tensor(mask.col, [groups, mask.entries]),
    },
  };
}

onEveryIsa((device) => {
  describe("equals dense attention with a bias of -inf outside the mask", () => {
    test.each<Case>([
      { queries: 200, keys: 200, heads: 2, width: 16, blockSize: 64, groups: 1 },
      { queries: 300, keys: 520, heads: 2, width: 12, blockSize: 128, groups: 2 },
      { queries: 700, keys: 900, heads: 3, width: 32, blockSize: 64, groups: 3, validKeys: 850 },
      { queries: 129, keys: 1025, heads: 1, width: 128, blockSize: 128, groups: 1 },
      { queries: 130, keys: 60, heads: 2, width: 8, blockSize: 64, groups: 2, validKeys: 7 },
    ])("%o", async (size) => {
      const { queries, keys, heads, groups, blockSize } = size;
      const { active } = randomMask(size);
      const bias = new Float32Array(heads * queries * keys);
      for (let head = 0; head < heads; head++) {
        for (let i = 0; i < queries; i++) {
          for (let j = 0; j < keys; j++) {
            const on = active(head % groups, Math.floor(i / blockSize), Math.floor(j / blockSize));
            bias[(head * queries + i) * keys + j] = on ? 0 : -Infinity;
          }
        }
      }
      const [out, lse, denseOut, denseLse] = scope(() => {
        const { q, k, v, mask } = upload(device, size);
        const { validKeys } = size;
        const options = validKeys === undefined ? {} : { validKeys };
        const sparse = blockSparseAttentionWithLse(q, k, v, mask, options);
        const dense = attentionWithLse(q, k, v, {
          ...options,
          bias: device.tensor(bias, [heads, queries, keys]),
        });
        return [sparse.out.read(), sparse.lse.read(), dense.out.read(), dense.lse.read()] as const;
      });
      // Both are float32 with batches of other keys; relative to 1 + |value|.
      expect(worstDifference(await out, await denseOut)).toBeLessThan(3e-6);
      expect(worstDifference(await lse, await denseLse)).toBeLessThan(3e-6);
      const values = await out;
      const rowSize = heads * size.width;
      const end = Math.min(queries, 2 * blockSize);
      expect(values.slice(blockSize * rowSize, end * rowSize).every((x) => x === 0)).toBe(true);
      expect((await lse)[blockSize]).toBe(-Infinity);
      expect(values.some((x) => x !== 0)).toBe(true);
    });
  });

  test("has the same bytes over its queries", async () => {
    const size: Case = { queries: 300, keys: 300, heads: 2, width: 24, blockSize: 64, groups: 2 };
    const [apart, over] = scope(() => {
      const { q, k, v, mask } = upload(device, size);
      const first = blockSparseAttention(q, k, v, mask).readRaw();
      expect(blockSparseAttention(q, k, v, mask, { into: q })).toBe(q);
      return [first, q.readRaw()] as const;
    });
    expect(Buffer.compare(await over, await apart)).toBe(0);
  });

  test("lists that point outside are refused", async () => {
    const size: Case = { queries: 100, keys: 100, heads: 1, width: 8, blockSize: 64, groups: 1 };
    const run = (rowPtr: number[], col: number[]): Promise<Float32Array> =>
      scope(() => {
        const { q, k, v } = upload(device, size);
        const out = blockSparseAttention(q, k, v, {
          blockSize: 64,
          rowPtr: device.tensor(Int32Array.from(rowPtr), [1, 3]),
          col: device.tensor(Int32Array.from(col), [1, col.length]),
        });
        return [out.read()] as const;
      })[0];
    const refused = { code: "ERR_INVALID_ARGUMENT" };
    await expect(run([0, 1, 2], [0, 2])).rejects.toMatchObject(refused);
    await expect(run([0, 1, 2], [-1, 0])).rejects.toMatchObject(refused);
    await expect(run([0, 2, 1], [0, 1])).rejects.toMatchObject(refused);
    await expect(run([0, 1, 9], [0, 1])).rejects.toMatchObject(refused);
    await expect(run([0, 1, 2], [0, 1])).resolves.toBeInstanceOf(Float32Array);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  const size: Case = { queries: 500, keys: 500, heads: 2, width: 24, blockSize: 64, groups: 1 };
  const { q, k, v, mask } = upload(device, size);
  return blockSparseAttention(q, k, v, mask);
});
