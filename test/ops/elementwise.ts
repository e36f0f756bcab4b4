import { expect, test } from "vitest";
import type { Tensor } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

/** What a one-operand op must give. */
export interface ElementwiseCase {
  readonly title: string;
  readonly op: (x: Tensor) => Tensor;
  /** In float64. */
  readonly value: (x: number) => number;
  /** Largest error, relative to `scale(x)`. */
  readonly tolerance: number;
  readonly scale: (x: number) => number;
  /** Values outside random ones and what they give, exactly. */
  readonly special: readonly (readonly [x: number, y: number])[];
}

const LENGTHS = [0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 1000, 70_001];

/** Random values up to 0.01, 1 and 30, so that small, middle and saturated results are all met. */
function values(length: number): Float32Array {
  return randomArray(length, 1).map((x, i) => x * [0.01, 1, 6, 30][i % 4]!);
}

export function testElementwise(cases: readonly ElementwiseCase[]): void {
  onEveryIsa((device) => {
    for (const { title, op, value, tolerance, scale, special } of cases) {
      test.each(LENGTHS)(`${title}: %i elements`, async (length) => {
        const x = values(length);
        const y = await evaluate(() => op(device.tensor(x, [length])));
        expect(y.length).toBe(length);
        let worst = 0;
        for (const [i, at] of x.entries()) {
          worst = Math.max(worst, Math.abs((y[i] ?? NaN) - value(at)) / scale(at));
        }
        expect(worst).toBeLessThanOrEqual(tolerance);
      });

      test(`${title}: values that are not finite, and the ends of the range`, async () => {
        const y = await evaluate(() =>
          op(
            device.tensor(
              Float32Array.from(special, ([x]) => x),
              [special.length],
            ),
          ),
        );
        expect([...y].map((x) => x + 0)).toEqual(special.map(([, wanted]) => Math.fround(wanted)));
      });
    }
  });

  for (const { title, op } of cases) {
    sameForAnyThreads(`${title}: bytes do not depend on the number of threads`, (device) =>
      op(device.tensor(values(100_003), [100_003])),
    );
  }
}
