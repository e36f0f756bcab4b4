import { gelu } from "#runtime/tensor/ops";
import { testElementwise } from "./elementwise.ts";
import { activated } from "./matrix-reference.ts";

const special = [
  [NaN, NaN],
  [Infinity, Infinity],
  [-50, 0],
  [-1e4, 0],
  [0, 0],
  [50, 50],
  [1e30, 1e30],
] as const;

testElementwise([
  {
    title: "x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))",
    op: (x) => gelu(x, { tanh: true }),
    value: (x) => activated(x, "gelu_tanh"),
    tolerance: 5e-7,
    scale: Math.abs,
    special,
  },
  {
    title: "x Phi(x)",
    op: (x) => gelu(x),
    value: (x) => activated(x, "gelu"),
    tolerance: 5e-7,
    scale: Math.abs,
    special,
  },
]);
