import type { DType } from "#runtime/tensor/layout";

/** Types of the safetensors format and the bits of one element. */
const BITS: ReadonlyMap<string, number> = new Map([
  ["BOOL", 8],
  ["U8", 8],
  ["I8", 8],
  ["F8_E4M3", 8],
  ["F8_E5M2", 8],
  ["F8_E8M0", 8],
  ["I16", 16],
  ["U16", 16],
  ["F16", 16],
  ["BF16", 16],
  ["I32", 32],
  ["U32", 32],
  ["F32", 32],
  ["I64", 64],
  ["U64", 64],
  ["F64", 64],
  ["C64", 64],
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
]);

const COMPUTED: ReadonlyMap<string, DType> = new Map([
  ["F32", "f32"],
  ["F16", "f16"],
  ["BF16", "bf16"],
  ["F8_E4M3", "f8_e4m3"],
  ["F8_E5M2", "f8_e5m2"],
  ["I32", "i32"],
  ["U8", "u8"],
]);

/** Bits of an element of a safetensors type; null for an unknown one. */
export function storedBits(type: string): number | null {
  return BITS.get(type) ?? null;
}

/** The tensor type that holds a safetensors type, "other" when ops cannot read it. */
export function tensorType(stored: string): DType | "other" {
  return COMPUTED.get(stored) ?? "other";
}

export const READABLE_TYPES: readonly string[] = [...COMPUTED.keys()];
