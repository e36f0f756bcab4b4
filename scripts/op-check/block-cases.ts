import { BLOCK_FORMATS } from "#runtime/tensor/block-format";
import { dequantize } from "#runtime/tensor/ops";
import { EXACT, type OpCase } from "./op-case.ts";

const ROWS = 7;

/** Formats of GGUF files, blocks of pseudo-random bytes; results in each float type. */
export const blockCases: readonly OpCase[] = BLOCK_FORMATS.map((format) => ({
  op: "dequantize",
  title: format.name,
  bound: EXACT,
  run: (make) => {
    // Bytes below 64: halves among them are finite and no denormals, which a GPU may flush.
    const length = ROWS * 2 * format.bytes;
    const data = Uint8Array.from({ length }, (_, i) => 32 + ((i * 37 + (i >> 5)) & 31));
    const blocks = make.values(data, [length]);
    const shape = [ROWS, 2 * format.elements];
    return [dequantize(blocks, format, shape), dequantize(blocks, format, shape, "bf16")];
  },
}));
