/** Tensors of more than 2^31 elements, whose values are known without a reference. */
import {
  affine,
  cast,
  conv3d,
  gatedResidual,
  layerNorm,
  linear,
  mul,
  rmsNorm,
} from "#runtime/tensor/ops";
import type { Device } from "#runtime/tensor/device";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import type { CaseOutcome } from "./check-case.ts";

const COUNT = 2 ** 31 + 2 ** 20 + 3;
const [ROWS, WIDTH] = [2 ** 20 + 9, 2056]; // 2^31 and 8 million

interface LargeCase {
  readonly op: string;
  readonly title: string;
  /** Bytes of GPU memory that it takes. */
  readonly bytes: number;
  run(device: Device): { readonly tail: Tensor; readonly value: number };
}

const end = (x: Tensor): Tensor => x.reshape([-1]).slice(0, -5);
const ones = (device: Device, shape: readonly number[]): Tensor =>
  affine(device.zeros(shape, "bf16"), 1, 1);

export const largeCases: readonly LargeCase[] = [
  {
    op: "affine",
    title: `${COUNT} elements`,
    bytes: 4 * COUNT,
    run: (device) => ({ tail: end(affine(device.zeros([COUNT], "bf16"), 1, 3)), value: 3 }),
  },
  {
    op: "mul",
    title: `[${ROWS}, ${WIDTH}] by a column`,
    bytes: 6 * ROWS * WIDTH,
    run: (device) => {
      const column = affine(device.zeros([ROWS, 1], "bf16"), 1, 2);
      return { tail: end(mul(ones(device, [ROWS, WIDTH]), column)), value: 2 };
    },
  },
  {
    op: "cast",
    title: `${COUNT} elements`,
    bytes: 5 * COUNT,
    run: (device) => ({ tail: end(cast(ones(device, [COUNT]), "f8_e4m3")), value: 1 }),
  },
  {
    op: "copy",
    title: `[${WIDTH}, ${ROWS}] transposed`,
    bytes: 6 * ROWS * WIDTH,
    run: (device) => ({
      tail: end(ones(device, [WIDTH, ROWS]).permute([1, 0]).contiguous()),
      value: 1,
    }),
  },
  {
    op: "gated_residual",
    title: `[${ROWS}, ${WIDTH}]`,
    bytes: 6 * ROWS * WIDTH,
    run: (device) => {
      const x = ones(device, [ROWS, WIDTH]);
      return { tail: end(gatedResidual(x, x, ones(device, [WIDTH]))), value: 2 };
    },
  },
  {
    op: "layer_norm",
    title: `[${ROWS}, ${WIDTH}]`,
    bytes: 6 * ROWS * WIDTH,
    run: (device) => ({
      tail: end(layerNorm(ones(device, [ROWS, WIDTH]), { bias: ones(device, [WIDTH]), eps: 1e-6 })),
      value: 1,
    }),
  },
  {
    op: "rms_norm",
    title: `[${ROWS}, ${WIDTH}]`,
    bytes: 6 * ROWS * WIDTH,
    run: (device) => ({ tail: end(rmsNorm(ones(device, [ROWS, WIDTH]), null, 0)), value: 1 }),
  },
  {
    op: "linear",
    title: `[${ROWS}, 64] by [${WIDTH}, 64]`,
    bytes: 4 * ROWS * WIDTH,
    run: (device) => ({
      tail: end(linear(ones(device, [ROWS, 64]), ones(device, [WIDTH, 64]), null)),
      value: 64,
    }),
  },
  {
    op: "conv3d",
    title: "[1, 4100, 4100, 8], 136 out",
    bytes: 2 * 4100 * 4100 * 144,
    run: (device) => ({
      tail: end(conv3d(ones(device, [1, 4100, 4100, 8]), ones(device, [136, 1, 1, 1, 8]), null)),
      value: 8,
    }),
  },
];

export async function checkLarge(check: LargeCase, device: Device): Promise<CaseOutcome> {
  const { op, title } = check;
  try {
    let wanted = 0;
    const [read] = scope(() => {
      const { tail, value } = check.run(device);
      wanted = value;
      return [tail.read()] as const;
    });
    const values = await read;
    const error = Math.max(...Array.from(values, (value) => Math.abs(value - wanted)));
    const bound = 0.01;
    return { op, title, error, bound, ok: values.length === 5 && error <= bound };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { op, title, error: null, bound: 0.01, ok: false, failure };
  }
}
