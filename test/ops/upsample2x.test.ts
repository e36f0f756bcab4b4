import { expect, test } from "vitest";
import { upsample2x } from "#runtime/tensor/ops";
import { randomArray } from "../helpers/tensors.ts";
import { evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

onEveryIsa((device) => {
  test.each([
    [1, 1, 1, 1],
    [2, 3, 5, 3],
    [1, 4, 2, 24],
    [3, 1, 7, 37],
    [0, 4, 4, 8],
    [2, 61, 47, 16],
  ])("[%i, %i, %i, %i]", async (t, h, w, c) => {
    const data = randomArray(t * h * w * c, 1);
    const values = await evaluate(() => {
      const y = upsample2x(device.tensor(data, [t, h, w, c]));
      expect(y.shape).toEqual([t, 2 * h, 2 * w, c]);
      return y;
    });
    let wrong = values.length === 4 * data.length ? 0 : Infinity;
    for (const [i, value] of values.entries()) {
      const pixel = Math.floor(i / c);
      const [column, line] = [pixel % (2 * w), Math.floor(pixel / (2 * w))];
      const [row, frame] = [line % (2 * h), Math.floor(line / (2 * h))];
      const source = ((frame * h + (row >> 1)) * w + (column >> 1)) * c + (i % c);
      if (value !== data[source]) wrong++;
    }
    expect(wrong).toBe(0);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  upsample2x(device.tensor(randomArray(3 * 31 * 57 * 9, 2), [3, 31, 57, 9])),
);
