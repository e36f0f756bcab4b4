import { clamp } from "#runtime/tensor/ops";
import { testElementwise } from "./elementwise.ts";

testElementwise([
  {
    title: "[-0.5, 2]",
    op: (x) => clamp(x, -0.5, 2),
    value: (x) => Math.min(Math.max(x, -0.5), 2),
    tolerance: 0,
    scale: () => 1,
    special: [
      [NaN, NaN],
      [Infinity, 2],
      [-Infinity, -0.5],
      [0, 0],
      [1e-45, 1e-45],
    ],
  },
]);
