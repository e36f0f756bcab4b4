import { describe, expect, test } from "vitest";
import { cast } from "#runtime/tensor/ops";
import type { DType } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { countDifferences, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { permuted } from "./strided-reference.ts";

interface FloatFormat {
  readonly mantissa: number;
  /** Exponent of the smallest normal number. */
  readonly least: number;
  readonly largest: number;
  readonly saturates: boolean;
}

const FORMATS: Readonly<Record<"f32" | "f16" | "bf16" | "f8_e4m3" | "f8_e5m2", FloatFormat>> = {
  f32: { mantissa: 23, least: -126, largest: 3.4028234663852886e38, saturates: false },
  f16: { mantissa: 10, least: -14, largest: 65504, saturates: false },
  bf16: { mantissa: 7, least: -126, largest: 3.3895313892515355e38, saturates: false },
  f8_e4m3: { mantissa: 3, least: -6, largest: 448, saturates: true },
  f8_e5m2: { mantissa: 2, least: -14, largest: 57344, saturates: true },
};
const TYPES = Object.keys(FORMATS) as (keyof typeof FORMATS)[];

/** The nearest number of a format, to even when two are as near; beyond the largest, infinity or the largest. */
function rounded(x: number, { mantissa, least, largest, saturates }: FloatFormat): number {
  if (Number.isNaN(x) || x === 0) return x;
  const magnitude = Math.abs(x);
  let exponent = least;
  while (2 ** (exponent + 1) <= magnitude && exponent < 128) exponent++;
  const step = 2 ** (exponent - mantissa);
  const below = Math.floor(magnitude / step);
  const rest = magnitude / step - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  const result = (below + (up ? 1 : 0)) * step;
  if (result <= largest) return Math.sign(x) * result;
  return Math.sign(x) * (saturates ? largest : Infinity);
}

/** Values over the whole range, ties, subnormals and what is not finite. */
function samples(n: number): Float32Array {
  const exponents = randomArray(n, 1, 44);
  const values = randomArray(n, 2).map((x, i) => x * 2 ** (exponents[i] ?? 0));
  const special = [
    0,
    NaN,
    Infinity,
    -Infinity,
    1e-45,
    -1e-40,
    448,
    464,
    465,
    -500,
    57344,
    61440,
    65504,
    65519,
    65520,
  ];
  for (let code = 0; code < 64; code++)
    special.push((code + 0.5) * 2 ** -10, code * 2 ** -17, 1 + code / 128, 2 + code / 64);
  values.set(special.slice(0, n));
  return values;
}

onEveryIsa((device) => {
  describe.each(TYPES)("from %s", (from) => {
    test.each(TYPES)("to %s", async (to) => {
      const data = samples(1031);
      const values = await evaluate(() => {
        const y = cast(device.tensor(data, [1031], from), to);
        expect(y.dtype).toBe(to);
        return y;
      });
      const expected = Float32Array.from(data, (x) =>
        rounded(rounded(x, FORMATS[from]), FORMATS[to]),
      );
      expect(countDifferences(values, expected)).toBe(0);
    });
  });

  test.each(TYPES)("integers to %s", async (to) => {
    const data = [-70000, -3, 0, 1, 7, 255, 300, 16777217];
    const ints = await evaluate(() => cast(device.tensor(Int32Array.from(data), [8]), to));
    expect([...ints]).toEqual(data.map((x) => rounded(Math.fround(x), FORMATS[to])));
    const bytes = await evaluate(() => cast(device.tensor(Uint8Array.of(0, 1, 200, 255), [4]), to));
    expect([...bytes]).toEqual([0, 1, 200, 255].map((x) => rounded(x, FORMATS[to])));
  });

  test.each<[DType, readonly number[]]>([
    ["f32", [2, 1, 0]],
    ["bf16", [1, 2, 0]],
    ["f8_e4m3", [0, 2, 1]],
  ])("%s with axes %j in another order", async (from, axes) => {
    const data = Float32Array.from({ length: 19 * 7 * 601 }, (_, i) => (i % 17) - 8);
    const values = await evaluate(() =>
      cast(device.tensor(data, [19, 7, 601], from).permute(axes), "f16"),
    );
    expect(countDifferences(values, permuted(data, [19, 7, 601], axes))).toBe(0);
  });

  test("no elements", async () => {
    const values = await evaluate(() => cast(device.tensor(new Float32Array(), [0, 3]), "bf16"));
    expect(values.length).toBe(0);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  cast(device.tensor(randomArray(301 * 333, 2), [301, 333]).permute([1, 0]), "f8_e5m2"),
);
