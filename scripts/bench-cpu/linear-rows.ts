import { linear } from "#runtime/tensor/ops";
import { anyNumbers, type Row } from "./row.ts";

// Rows x width x depth: square, the bundled model's layers, a tall one, one that fits no tile, few rows.
const SIZES: readonly (readonly [rows: number, width: number, depth: number])[] = [
  [512, 2048, 2048],
  [2304, 256, 256],
  [2304, 1024, 256],
  [2304, 256, 1024],
  [2304, 257, 333],
  [18900, 512, 512],
  [20, 1024, 1024],
  [1, 2048, 2048],
];

type Storage = "f32" | "bf16";

function linearRow(size: readonly [number, number, number], storage: Storage, bf16: boolean): Row {
  const [rows, width, depth] = size;
  const words = size.join(" ");
  return {
    op: bf16 ? "linear, bf16 products" : storage === "f32" ? "linear" : "linear, bf16 weight",
    size: size.join(" x "),
    flops: 2 * rows * width * depth,
    precision: bf16 ? "bf16" : "f32",
    prepare: (device) => {
      const x = device.tensor(anyNumbers(rows * depth), [rows, depth]);
      const weight = device.tensor(anyNumbers(width * depth), [width, depth], storage);
      return { inputs: [x, weight], run: () => linear(x, weight, null) };
    },
    ...(bf16 ? {} : { openblas: `linear ${words}` }),
    pytorch: `${bf16 ? "linear-bf16" : "linear"} ${words}`,
  };
}

/** float32 and bfloat16 weights; where the machine multiplies in bfloat16, that as well, beside PyTorch's. */
export function linearRows(isa: string): readonly Row[] {
  const storages: readonly Storage[] = ["f32", "bf16"];
  const rows = storages.flatMap((storage) => SIZES.map((size) => linearRow(size, storage, false)));
  if (isa !== "avx512_bf16") return rows;
  return [...rows, ...SIZES.map((size) => linearRow(size, "bf16", true))];
}
