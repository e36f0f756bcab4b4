import { describe, expect, test } from "vitest";
import type { Tensor } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { countDifferences, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

const SHAPES: readonly (readonly [a: readonly number[], b: readonly number[]])[] = [
  [[], []],
  [[1], [1]],
  [[], [5]],
  [[3, 5], []],
  [
    [3, 5],
    [3, 5],
  ],
  [[4, 37], [37]],
  [[19], [3, 19]],
  [
    [4, 37],
    [4, 1],
  ],
  [
    [4, 1],
    [1, 21],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 5],
  ],
  [
    [7, 1, 3],
    [2, 1, 4, 1],
  ],
  [
    [2, 1, 3, 1, 9],
    [1, 4, 3, 5, 1],
  ],
  [[0, 5], [5]],
  [
    [3, 0],
    [1, 1],
  ],
  [[65537], [65537]],
  [[300, 333], [333]],
  [
    [300, 333],
    [300, 1],
  ],
];

function numel(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Values with some that are not finite. */
function operand(shape: readonly number[], seed: number): Float32Array {
  const values = randomArray(numel(shape), seed, 10);
  if (values.length > 8) values.set([NaN, Infinity, -Infinity, 1e-45], 1 + seed);
  return values;
}

/** `f` over broadcast operands: element by element, by the index of each axis. */
function reference(
  [shapeA, shapeB]: (typeof SHAPES)[number],
  f: (x: number, y: number) => number,
): { shape: number[]; values: Float32Array } {
  const rank = Math.max(shapeA.length, shapeB.length);
  const a = [...new Array<number>(rank - shapeA.length).fill(1), ...shapeA];
  const b = [...new Array<number>(rank - shapeB.length).fill(1), ...shapeB];
  const shape = a.map((n, i) => (n === 1 ? (b[i] ?? 1) : n));
  const [valuesA, valuesB] = [operand(shapeA, 1), operand(shapeB, 2)];
  const values = Float32Array.from({ length: numel(shape) }, (_, flat) => {
    let [rest, ia, ib, stepA, stepB] = [flat, 0, 0, 1, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const at = rest % (shape[axis] ?? 1);
      rest = Math.floor(rest / (shape[axis] ?? 1));
      if ((a[axis] ?? 1) > 1) ia += at * stepA;
      if ((b[axis] ?? 1) > 1) ib += at * stepB;
      stepA *= a[axis] ?? 1;
      stepB *= b[axis] ?? 1;
    }
    return f(valuesA[ia] ?? NaN, valuesB[ib] ?? NaN);
  });
  return { shape, values };
}

/** Tests of a two-operand op that broadcasts. Results are exact: one rounding of the exact value. */
export function testBroadcasting(
  op: (x: Tensor, y: Tensor, to?: Tensor) => Tensor,
  f: (x: number, y: number) => number,
): void {
  onEveryIsa((device) => {
    test.each(
      SHAPES.flatMap((shapes) =>
        ([0, 1] as const)
          .filter((i) => shapes[i].join() === reference(shapes, f).shape.join())
          .map((i) => [...shapes, i] as const),
      ),
    )("%j and %j, over operand %i", async (a, b, over) => {
      const values = await evaluate(() => {
        const operands = [
          device.tensor(operand(a, 1), a),
          device.tensor(operand(b, 2), b),
        ] as const;
        const result = op(...operands, operands[over]);
        expect(result).toBe(operands[over]);
        return result;
      });
      expect(countDifferences(values, reference([a, b], f).values)).toBe(0);
    });

    test.each(SHAPES)("%j and %j", async (...shapes) => {
      const expected = reference(shapes, f);
      const values = await evaluate(() => {
        const y = op(
          device.tensor(operand(shapes[0], 1), shapes[0]),
          device.tensor(operand(shapes[1], 2), shapes[1]),
        );
        expect(y.shape).toEqual(expected.shape);
        return y;
      });
      expect(countDifferences(values, expected.values)).toBe(0);
    });

    describe("operands in other storage types and strided", () => {
      test("are converted first", async () => {
        const values = await evaluate(() => {
          const x = device
            .tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3], "bf16")
            .permute([1, 0]);
          return op(x, device.tensor(Float32Array.of(0.5, -8), [2], "f8_e4m3"));
        });
        const wanted = [1, 4, 2, 5, 3, 6].map((x, i) => f(x, i % 2 === 0 ? 0.5 : -8));
        expect([...values]).toEqual(wanted);
      });
    });
  });

  sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
    op(
      device.tensor(operand([301, 1, 97], 1), [301, 1, 97]),
      device.tensor(operand([5, 97], 2), [5, 97]),
    ),
  );
}
