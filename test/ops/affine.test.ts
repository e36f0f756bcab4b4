import { affine } from "#runtime/tensor/ops";
import { testElementwise } from "./elementwise.ts";

testElementwise([
  {
    title: "2.5 x + 0.75",
    op: (x) => affine(x, 2.5, 0.75),
    value: (x) => 2.5 * x + 0.75,
    // One or two roundings.
    tolerance: 1.2e-7,
    scale: (x) => 2.5 * Math.abs(x) + 0.75,
    special: [
      [NaN, NaN],
      [Infinity, Infinity],
      [-Infinity, -Infinity],
      [0, 0.75],
      [3e38, Infinity],
    ],
  },
]);
