/** Work of Wan 2.1 14B at 768x1280 and 69 frames: 69,120 tokens of 5,120 numbers. */
import {
  add,
  cast,
  channelRmsNorm,
  conv3d,
  copy,
  gatedResidual,
  gelu,
  layerNormModulate,
  linear,
  linearGatedResidual,
  rmsNorm,
  rmsNormRope,
  silu,
  upsample2x,
} from "#runtime/tensor/ops";
import type { BenchRow } from "./bench-row.ts";
import { filled } from "./filled.ts";

const TOKENS = 69_120;
const WIDTH = 5120;
const HIDDEN = 13_824;

const bytesOf = (elements: number, bytes: number) => elements * bytes;

const elementwise: readonly BenchRow[] = [
  {
    name: "copy (bf16)",
    size: "2 GiB",
    bytes: 2 * 2 ** 31,
    inputs: (device) => [device.zeros([2 ** 30], "bf16")],
    run: (x) => copy(x!),
  },
  {
    name: "layer_norm_modulate f32 -> bf16",
    size: `${TOKENS} x ${WIDTH}`,
    bytes: bytesOf(TOKENS * WIDTH, 6),
    inputs: (device) => [
      filled(device, [TOKENS, WIDTH], "f32"),
      filled(device, [WIDTH], "f32"),
      filled(device, [WIDTH], "f32"),
    ],
    run: (x, shift, scale) => layerNormModulate(x!, shift!, scale!, 1e-6),
  },
  {
    name: "rms_norm_rope bf16",
    size: `${TOKENS} x ${WIDTH}, 40 heads`,
    bytes: bytesOf(TOKENS * WIDTH, 4) + TOKENS * 128 * 4,
    inputs: (device) => [
      filled(device, [TOKENS, WIDTH]),
      filled(device, [WIDTH]),
      filled(device, [TOKENS, 64, 2], "f32"),
    ],
    run: (x, weight, table) => rmsNormRope(x!, weight!, table!, 1e-6, 40),
  },
  {
    name: "rms_norm bf16",
    size: `${TOKENS} x ${WIDTH}`,
    bytes: bytesOf(TOKENS * WIDTH, 4),
    inputs: (device) => [filled(device, [TOKENS, WIDTH]), filled(device, [WIDTH])],
    run: (x, weight) => rmsNorm(x!, weight!, 1e-6),
  },
  {
    name: "gated_residual f32 + bf16",
    size: `${TOKENS} x ${WIDTH}`,
    bytes: bytesOf(TOKENS * WIDTH, 10),
    inputs: (device) => [
      filled(device, [TOKENS, WIDTH], "f32"),
      filled(device, [TOKENS, WIDTH]),
      filled(device, [WIDTH], "f32"),
    ],
    run: (x, y, gate) => gatedResidual(x!, y!, gate!),
  },
  {
    name: "gated_residual bf16",
    size: `${TOKENS} x ${WIDTH}`,
    bytes: bytesOf(TOKENS * WIDTH, 6),
    inputs: (device) => [
      filled(device, [TOKENS, WIDTH]),
      filled(device, [TOKENS, WIDTH]),
      filled(device, [WIDTH]),
    ],
    run: (x, y, gate) => gatedResidual(x!, y!, gate!),
  },
  {
    name: "add f32 + bf16",
    size: `${TOKENS} x ${WIDTH}`,
    bytes: bytesOf(TOKENS * WIDTH, 10),
    inputs: (device) => [filled(device, [TOKENS, WIDTH], "f32"), filled(device, [TOKENS, WIDTH])],
    run: (x, y) => add(x!, y!),
  },
  {
    name: "silu bf16",
    size: `${TOKENS} x ${WIDTH}`,
    bytes: bytesOf(TOKENS * WIDTH, 4),
    inputs: (device) => [filled(device, [TOKENS, WIDTH])],
    run: (x) => silu(x!),
  },
  {
    name: "gelu (tanh) bf16",
    size: `${TOKENS} x ${HIDDEN}`,
    bytes: bytesOf(TOKENS * HIDDEN, 4),
    inputs: (device) => [filled(device, [TOKENS, HIDDEN])],
    run: (x) => gelu(x!, { tanh: true }),
  },
  {
    name: "channel_rms_norm + SiLU bf16",
    size: "2 x 768 x 1280 x 96",
    bytes: bytesOf(2 * 768 * 1280 * 96, 4),
    inputs: (device) => [filled(device, [2, 768, 1280, 96]), filled(device, [96])],
    run: (x, gamma) => channelRmsNorm(x!, gamma!, true),
  },
  {
    name: "upsample2x bf16",
    size: "2 x 384 x 640 x 192",
    bytes: bytesOf(2 * 384 * 640 * 192, 10),
    inputs: (device) => [filled(device, [2, 384, 640, 192])],
    run: (x) => upsample2x(x!),
  },
  {
    name: "cast f32 -> bf16",
    size: `${TOKENS} x ${WIDTH}`,
    bytes: bytesOf(TOKENS * WIDTH, 6),
    inputs: (device) => [filled(device, [TOKENS, WIDTH], "f32")],
    run: (x) => cast(x!, "bf16"),
  },
];

function product(rows: number, width: number, depth: number): BenchRow {
  return {
    name: "linear + bias bf16",
    size: `${rows} x ${width} x ${depth}`,
    flops: 2 * rows * width * depth,
    inputs: (device) => [
      filled(device, [rows, depth]),
      filled(device, [width, depth]),
      filled(device, [width]),
    ],
    run: (x, w, bias) => linear(x!, w!, bias!),
  };
}

const matrices: readonly BenchRow[] = [
  product(TOKENS, WIDTH, WIDTH),
  product(TOKENS, HIDDEN, WIDTH),
  product(TOKENS, WIDTH, HIDDEN),
  product(512, 4096, 4096),
  {
    ...product(TOKENS, HIDDEN, WIDTH),
    name: "linear + bias + GELU bf16",
    run: (x, w, bias) => linear(x!, w!, bias!, "gelu_tanh"),
  },
  {
    ...product(TOKENS, WIDTH, WIDTH),
    name: "linear_gated_residual, residual f32",
    inputs: (device) => [
      filled(device, [TOKENS, WIDTH]),
      filled(device, [WIDTH, WIDTH]),
      filled(device, [WIDTH]),
      filled(device, [TOKENS, WIDTH], "f32"),
      filled(device, [WIDTH], "f32"),
    ],
    run: (x, w, bias, residual, gate) => linearGatedResidual(x!, w!, bias!, residual!, gate!),
  },
];

function convolution(
  frames: number,
  height: number,
  width: number,
  from: number,
  to: number,
): BenchRow {
  return {
    name: "conv3d 3x3x3 + bias + residual bf16",
    size: `${frames} x ${height} x ${width}, ${from} -> ${to}`,
    flops: 2 * 27 * frames * height * width * from * to,
    inputs: (device) => [
      filled(device, [frames, height, width, from]),
      filled(device, [2, height, width, from]),
      filled(device, [to, 3, 3, 3, from]),
      filled(device, [to]),
      filled(device, [frames, height, width, to]),
    ],
    run: (x, before, w, bias, residual) =>
      conv3d(x!, w!, bias!, { padding: [0, 0, 1, 1, 1, 1], before: before!, residual: residual! }),
  };
}

const convolutions: readonly BenchRow[] = [
  convolution(2, 768, 1280, 96, 96),
  convolution(2, 384, 640, 192, 192),
  convolution(1, 192, 320, 384, 384),
  convolution(1, 96, 160, 384, 384),
  convolution(2, 768, 1280, 96, 3),
];

export const ROWS: readonly BenchRow[] = [...elementwise, ...matrices, ...convolutions];
