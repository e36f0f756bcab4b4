import { expect, test } from "vitest";
import { decodeWire, encodeWire } from "#runtime/protocol/wire";

test("brings values and bytes back as they were", () => {
  const value = {
    name: "clip",
    nothing: null,
    list: [1, "zwei", true, { data: new Uint8Array([1, 2, 3]) }],
    empty: new Uint8Array(),
    data: new Uint8Array([255, 0]),
  };
  expect(decodeWire(encodeWire(value))).toEqual(value);
  expect(decodeWire(encodeWire(undefined))).toBe(null);
});

test("needs no aligned memory", () => {
  const message = encodeWire({ data: new Uint8Array([7]) });
  const shifted = new Uint8Array(message.length + 3).subarray(3);
  shifted.set(message);
  expect(decodeWire(shifted)).toEqual({ data: new Uint8Array([7]) });
});

test("an object that only looks like bytes stays an object", () => {
  const odd = { a: { $bytes: "no" }, b: { $bytes: [0] }, c: { $bytes: [-1, 4] } };
  expect(decodeWire(encodeWire(odd))).toEqual(odd);
});

test("refuses damaged messages with words", () => {
  const message = encodeWire({ data: new Uint8Array(100) });
  for (let length = 0; length < message.length; length++)
    expect(() => decodeWire(message.subarray(0, length))).toThrow(/damaged/);
  expect(() => decodeWire(new Uint8Array([2, 0, 0, 0, 0xff, 0xfe]))).toThrow(/UTF-8/);
  expect(() => decodeWire(new Uint8Array([1, 0, 0, 0, 123]))).toThrow(/JSON/);
});
