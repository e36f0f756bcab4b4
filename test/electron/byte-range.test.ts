import { expect, test } from "vitest";
import { byteRange } from "../../electron/modules/byte-range.ts";

test.each([
  ["bytes=0-99", { start: 0, end: 99 }],
  ["bytes=100-", { start: 100, end: 999 }],
  ["bytes=-100", { start: 900, end: 999 }],
  ["bytes=-5000", { start: 0, end: 999 }],
  ["bytes=990-5000", { start: 990, end: 999 }],
  ["bytes=0-0", { start: 0, end: 0 }],
])("%s of 1000 bytes", (header, range) => {
  expect(byteRange(header, 1000)).toEqual(range);
});

test.each([
  null,
  "",
  "bytes=-",
  "bytes=5-1",
  "bytes=0-1,5-6",
  "items=0-1",
  "bytes=a-b",
  "bytes=0x1-2",
])("%s asks for all of it", (header) => {
  expect(byteRange(header, 1000)).toBeNull();
});

test.each(["bytes=1000-", "bytes=5000-6000", "bytes=-0"])("%s lies behind the end", (header) => {
  expect(byteRange(header, 1000)).toBe("unsatisfiable");
  expect(byteRange("bytes=0-", 0)).toBe("unsatisfiable");
});
