import { silu } from "#runtime/tensor/ops";
import { testElementwise } from "./elementwise.ts";

testElementwise([
  {
    title: "x / (1 + exp(-x))",
    op: silu,
    value: (x) => x / (1 + Math.exp(-x)),
    tolerance: 5e-7,
    scale: (x) => Math.abs(x / (1 + Math.exp(-x))),
    special: [
      [NaN, NaN],
      [Infinity, Infinity],
      [-100, 0],
      [-1e30, 0],
      [0, 0],
      [100, 100],
      [3e38, 3e38],
    ],
  },
]);
