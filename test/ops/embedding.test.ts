import { describe, expect, test } from "vitest";
import { cast, embedding } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { DType } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

onEveryIsa((device) => {
  describe.each<DType>(["f32", "f16", "bf16", "f8_e4m3", "f8_e5m2"])("a table of %s", (dtype) => {
    test.each([1, 7, 16, 300])("rows of %i", async (width) => {
      const table = randomArray(9 * width, 1);
      const ids = Int32Array.of(8, 0, 3, 3, 1, 8);
      const [rows, all] = scope(() => {
        const stored = device.tensor(table, [9, width], dtype);
        const y = embedding(stored, device.tensor(ids, [2, 3]));
        expect(y.shape).toEqual([2, 3, width]);
        return [y.read(), cast(stored, "f32").read()] as const;
      });
      const values = await all;
      const expected = Array.from(ids, (id) => [...values.subarray(id * width, (id + 1) * width)]);
      expect([...(await rows)]).toEqual(expected.flat());
    });
  });

  test("no ids", async () => {
    const rows = await evaluate(() =>
      embedding(device.zeros([3, 4]), device.tensor(new Int32Array(), [0])),
    );
    expect(rows.length).toBe(0);
  });

  test.each([[-1], [3], [2 ** 31 - 1], [-(2 ** 31)]])(
    "refuses id %i of a table of 3",
    async (id) => {
      const rows = evaluate(() =>
        embedding(device.zeros([3, 4]), device.tensor(Int32Array.of(0, id), [2])),
      );
      await expect(rows).rejects.toMatchObject({
        code: "ERR_INVALID_ARGUMENT",
        message: `Expected ids below 3, got ${id}.`,
      });
    },
  );
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  embedding(
    device.tensor(randomArray(50 * 129, 2), [50, 129], "bf16"),
    device.tensor(
      Int32Array.from({ length: 1000 }, (_, i) => (i * 31) % 50),
      [1000],
    ),
  ),
);
