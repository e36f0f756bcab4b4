import { expect, test } from "vitest";
import { deviceType } from "#runtime/engine/models/device-type";

test.each([
  ["f32", true, "bf16", "bf16"],
  ["f16", true, "bf16", "bf16"],
  ["bf16", true, "bf16", "bf16"],
  ["f8_e4m3", true, "bf16", "f8_e4m3"],
  ["f32", false, "bf16", "f32"],
  ["f16", false, "bf16", "f32"],
  ["bf16", false, "bf16", "bf16"],
  ["f8_e4m3", false, "bf16", "f32"],
  ["i32", false, "bf16", "i32"],
  ["f16", true, "f32", "f32"],
  ["bf16", true, "f32", "bf16"],
] as const)(
  "%s, a matrix: %s, where products are in %s, is kept in %s",
  (stored, matrix, compute, kept) => {
    expect(deviceType({ compute }, stored, matrix)).toBe(kept);
  },
);
