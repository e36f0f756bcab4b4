import { tanh } from "#runtime/tensor/ops";
import { testElementwise } from "./elementwise.ts";

testElementwise([
  {
    title: "tanh",
    op: tanh,
    value: Math.tanh,
    tolerance: 5e-7,
    scale: (x) => Math.max(Math.abs(Math.tanh(x)), 1e-3),
    special: [
      [NaN, NaN],
      [Infinity, 1],
      [-Infinity, -1],
      [0, 0],
      [100, 1],
      [-1e30, -1],
    ],
  },
]);
