import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { temporaryFolder } from "../../helpers/safetensors-bytes.ts";
import { bf16, f32 } from "../../helpers/stored-tensors.ts";
import { checkLiveTensorsAtEnd, testDevice } from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();
const folder = temporaryFolder();
let count = 0;
function write(tensors: Record<string, StoredTensor>, name = `c${count++}.safetensors`): string {
  const path = join(folder, name);
  writeSafetensors(path, new Map(Object.entries(tensors)));
  return path;
}
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe("openCheckpoint", () => {
  it("reads every type that ops compute with, in place, and outlives its file", async () => {
    const path = write({
      a: f32([1, -2, 3], [3]),
      odd: { storedType: "U8", shape: [1], bytes: Uint8Array.of(7) },
      b: bf16([0.5, -0.25], [1, 2]),
      h: { storedType: "F16", shape: [2], bytes: Uint8Array.of(0, 0x3c, 0, 0xc0) },
      e4: { storedType: "F8_E4M3", shape: [2], bytes: Uint8Array.of(0x38, 0xb8) },
      e5: { storedType: "F8_E5M2", shape: [1], bytes: Uint8Array.of(0x3c) },
    });
    const device = testDevice();
    const file = openCheckpoint(path);
    const tensors = ["a", "b", "h", "e4", "e5"].map((name) => file.tensor(name, device));
    file[Symbol.dispose]();
    const values = await Promise.all(tensors.map(async (tensor) => [...(await tensor.read())]));
    expect(values).toEqual([[1, -2, 3], [0.5, -0.25], [1, -2], [1, -1], [1]]);
    expect(tensors.map(({ shape }) => shape)).toEqual([[3], [1, 2], [2], [2], [1]]);
    for (const tensor of tensors) tensor[Symbol.dispose]();
  });

  it("names the tensor that is missing or of a type without ops", () => {
    using file = openCheckpoint(
      write({ ids: { storedType: "I64", shape: [1], bytes: new Uint8Array(8) } }),
    );
    expect(() => file.tensor("x", testDevice())).toThrow(failure("ERR_MISSING_TENSOR", /"x"/));
    expect(() => file.tensor("ids", testDevice())).toThrow(
      failure("ERR_CHECKPOINT", /"ids".*got I64/),
    );
  });

  it("notices that the file was cut off after it was opened", () => {
    const path = write({ a: f32([1, 2, 3, 4]) });
    using file = openCheckpoint(path);
    writeFileSync(path, "short");
    expect(() => file.tensor("a", testDevice())).toThrow(failure("ERR_CHECKPOINT", /changed/));
  });
});

describe("a sharded model", () => {
  const index = (weight_map: unknown, name = `i${count++}.safetensors.index.json`): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ metadata: { total_size: 1 }, weight_map }));
    return path;
  };
  write({ a: f32([1]) }, "m-1.safetensors");
  write({ b: f32([2]), c: f32([3]) }, "m-2.safetensors");

  it("reads like one file", async () => {
    using file = openCheckpoint(
      index({ a: "m-1.safetensors", b: "m-2.safetensors", c: "m-2.safetensors" }),
    );
    expect([...file.tensors.keys()].toSorted()).toEqual(["a", "b", "c"]);
    using c = file.tensor("c", testDevice());
    expect([...(await c.read())]).toEqual([3]);
  });

  it.each<[string, unknown, string, RegExp]>([
    ["a missing shard", { a: "m-9.safetensors" }, "ERR_FILE", /m-9/],
    ["a tensor in the wrong shard", { a: "m-2.safetensors" }, "ERR_CHECKPOINT", /"a"|"b"/],
    [
      "a tensor that the index omits",
      { b: "m-2.safetensors" },
      "ERR_CHECKPOINT",
      /"c".*in the index/,
    ],
    ["a path out of the folder", { a: "../m-1.safetensors" }, "ERR_CHECKPOINT", /beside the index/],
    ["an absolute path", { a: "/etc/x.safetensors" }, "ERR_CHECKPOINT", /beside the index/],
    ["a backslash path", { a: "..\\m-1.safetensors" }, "ERR_CHECKPOINT", /beside the index/],
    ["a number for a file", { a: 1 }, "ERR_CHECKPOINT", /beside the index/],
    ["no map", [], "ERR_CHECKPOINT", /weight_map/],
  ])("refuses %s", (_, map, code, message) => {
    expect(() => openCheckpoint(index(map))).toThrow(failure(code, message));
  });
});
