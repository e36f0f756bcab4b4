import { describe, expect, it } from "vitest";
import { isUmbelError } from "#runtime/errors";
import { readSafetensorsHeader } from "#runtime/weights/safetensors";
import {
  safetensorsBytes,
  temporaryFolder,
  writeTemporary,
} from "../../helpers/safetensors-bytes.ts";

const folder = temporaryFolder();
const header = (bytes: Uint8Array, name?: string) =>
  readSafetensorsHeader(writeTemporary(folder, bytes, name));
const tensor = (dtype: string, shape: unknown, start: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

/** The error's message without the path that it opens with. */
function refusal(bytes: Uint8Array, name?: string): string {
  const path = writeTemporary(folder, bytes, name);
  try {
    readSafetensorsHeader(path);
  } catch (error) {
    if (!isUmbelError(error)) throw error;
    expect(error.code).toBe("ERR_CHECKPOINT");
    expect(error.message).toContain(path);
    return error.message.slice(path.length + 2);
  }
  throw new Error("Expected the file to be refused.");
}

describe("a valid header", () => {
  it("gives names, shapes, types and places in any order", () => {
    const { tensors, metadata, size } = header(
      safetensorsBytes(
        {
          b: tensor("BF16", [3, 2], 8, 20),
          __metadata__: { format: "pt" },
          a: tensor("F32", [2], 0, 8),
          marker: tensor("F8_E4M3", [0], 8, 8),
          scalar: tensor("I64", [], 20, 28),
        },
        28,
      ),
    );
    expect(metadata).toEqual({ format: "pt" });
    expect([...tensors.keys()]).toEqual(["b", "a", "marker", "scalar"]);
    const dataStart = size - 28;
    expect(tensors.get("b")).toMatchObject({
      shape: [3, 2],
      dtype: "bf16",
      storedType: "BF16",
      byteOffset: dataStart + 8,
      bytes: 12,
    });
    expect(tensors.get("scalar")).toMatchObject({ shape: [], dtype: "other", bytes: 8 });
  });

  it("may be padded with spaces and hold no tensor", () => {
    expect(header(safetensorsBytes("{}      ")).tensors.size).toBe(0);
  });

  it("treats names of object properties like any other", () => {
    const text = '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
    expect([...header(safetensorsBytes(text, 1)).tensors.keys()]).toEqual(["__proto__"]);
  });
});

describe("a header that lies", () => {
  const one = (entry: unknown, data = 8) => refusal(safetensorsBytes({ t: entry }, data));

  it.each<[string, () => string, RegExp]>([
    [
      "length beyond the file",
      () => refusal(safetensorsBytes({ t: tensor("F32", [2], 0, 8) }, 8, 1n << 40n)),
      /at most \d+ bytes, got a length of 1099511627776\. The file is cut off/,
    ],
    [
      "length that wraps as a signed number",
      () => refusal(safetensorsBytes({}, 8, 0xffff_ffff_ffff_ffffn)),
      /got a length of 18446744073709551615/,
    ],
    ["length of nothing", () => refusal(safetensorsBytes({}, 8, 0n)), /got the end/],
    ["length within the JSON", () => refusal(safetensorsBytes({ a: 1 }, 8, 4n)), /Expected ":"/],
    [
      "data that end too early",
      () => one(tensor("F32", [4], 0, 16)),
      /tensor "t": Expected its data to end by byte \d+.*8 bytes are missing/,
    ],
    [
      "data that go on",
      () => one(tensor("F32", [1], 0, 4)),
      /after its last tensor, got 4 more bytes/,
    ],
    ["a hole", () => one(tensor("F32", [1], 4, 8)), /tensor "t".*leaves a hole/],
    [
      "an overlap",
      () =>
        refusal(safetensorsBytes({ a: tensor("F32", [2], 0, 8), b: tensor("F32", [1], 4, 8) }, 8)),
      /tensor "b": Expected its data at byte \d+, got \d+, which overlaps another/,
    ],
    [
      "bytes that are not those of its shape",
      () => one(tensor("BF16", [4, 2], 0, 8)),
      /tensor "t": Expected 16 bytes for BF16 \[4, 2\], got 8 bytes/,
    ],
    [
      "a shape whose product wraps to the right size",
      () => one(tensor("U8", [2 ** 32, 2 ** 32], 0, 0), 0),
      /Expected 18446744073709551616 bytes/,
    ],
    ["an unknown type", () => one(tensor("F7", [2], 0, 8)), /known dtype, got "F7"/],
    ["a negative size", () => one(tensor("F32", [-2], 0, 8)), /integers of 0 or more, got \[-2\]/],
    ["a fractional size", () => one(tensor("F32", [1.5], 0, 8)), /integers of 0 or more/],
    ["a size beyond exact numbers", () => one(tensor("F32", [2 ** 53], 0, 8)), /integers of 0/],
    ["nine axes", () => one(tensor("F32", [1, 1, 1, 1, 1, 1, 1, 1, 2], 0, 8)), /at most 8/],
    ["offsets out of order", () => one(tensor("F32", [2], 8, 0)), /\[start, end\] in order/],
    ["three offsets", () => one({ dtype: "F32", shape: [2], data_offsets: [0, 4, 8] }), /in order/],
    ["no shape", () => one({ dtype: "F32", data_offsets: [0, 8] }), /shape.*got nothing/],
    ["an unknown key", () => one({ ...tensor("F32", [2], 0, 8), x: 1 }), /only, got key "x"/],
    ["a list in place of an entry", () => one([1]), /dtype, shape and data_offsets/],
    [
      "a name twice",
      () => refusal(safetensorsBytes('{"t":{},"t":{}}', 8)),
      /each key once, got "t" twice/,
    ],
    [
      "metadata that are not text",
      () => refusal(safetensorsBytes({ __metadata__: { a: 1 } })),
      /"a"/,
    ],
    ["text behind the JSON", () => refusal(safetensorsBytes("{} x")), /Expected the end/],
    [
      "other bytes than UTF-8",
      () => refusal(Buffer.from("04000000000000007b22ff22", "hex")),
      /Expected UTF-8 text/,
    ],
    ["depth", () => refusal(safetensorsBytes(`{"a":${"[".repeat(100_000)}`)), /levels of JSON/],
    ["a huge name", () => refusal(safetensorsBytes({ ["n".repeat(1e6)]: 1 })), /"n{120}…"/],
  ])("%s", (_, refuse, expected) => {
    expect(refuse()).toMatch(expected);
  });

  it("cut off at any byte", () => {
    const whole = safetensorsBytes(
      { a: tensor("F32", [2], 0, 8), b: tensor("U8", [3], 8, 11) },
      11,
    );
    for (let length = 0; length < whole.length; length++) {
      expect(refusal(whole.subarray(0, length), "cut.safetensors")).toMatch(/Expected/);
    }
  });
});

describe("another format", () => {
  it.each<[string, Uint8Array | string, string, RegExp]>([
    [
      "a PyTorch archive",
      "PK\x03\x04rest of the archive",
      "x.pt",
      /zip.*run any program.*safetensors/,
    ],
    [
      "a bare pickle",
      Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex"),
      "x.ckpt",
      /pickle.*never/,
    ],
    ["a web page", "<!DOCTYPE html><html><body>404</body></html>", "x.safetensors", /web page/],
    [
      "an LFS pointer",
      "version https://git-lfs.github.com/spec/v1\noid",
      "x.safetensors",
      /LFS pointer/,
    ],
    ["JSON", '{"error": "Unauthorized"}', "x.safetensors", /JSON text/],
    ["zeros", new Uint8Array(4096), "x.safetensors", /zero bytes: its download did not finish/],
    ["a tar", `${"\x01".repeat(257)}ustar`, "x.bin", /tar archive/],
    [
      "an unknown .bin",
      "\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07",
      "x.bin",
      /pickles are refused/,
    ],
    ["nothing", "", "x.safetensors", /an empty file/],
    ["a few bytes", "abc", "x.safetensors", /at least 10 bytes, got 3/],
  ])("%s is refused with the reason", (_, bytes, name, expected) => {
    expect(refusal(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, name)).toMatch(
      expected,
    );
  });

  it("goes by content, not by name", () => {
    expect(header(safetensorsBytes({ a: tensor("U8", [1], 0, 1) }, 1), "x.ckpt").tensors.size).toBe(
      1,
    );
  });

  it("a missing file and a folder are ERR_FILE", () => {
    for (const path of [`${folder}/none.safetensors`, folder]) {
      expect(() => readSafetensorsHeader(path)).toThrow(
        expect.objectContaining({ code: "ERR_FILE" }),
      );
    }
  });
});
