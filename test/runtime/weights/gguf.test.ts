import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { readGgufHeader } from "#runtime/weights/gguf";
import { SentencePiece } from "#runtime/text/sentencepiece";
import { ggufBytes, type GgufTensor, type KeyValue } from "../../../scripts/fuzz/gguf-bytes.ts";
import { temporaryFolder } from "../../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedPath } from "../../helpers/shared.ts";
import { checkLiveTensorsAtEnd, testDevice } from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();

const f32 = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
/** One block: scale 0.5, codes -3 to 28. */
const q8 = Uint8Array.from([0x00, 0x38, ...Array.from({ length: 32 }, (_, i) => (i - 3) & 255)]);

function written(
  keys: Record<string, KeyValue>,
  tensors: Record<string, GgufTensor>,
  change?: (bytes: Buffer) => Uint8Array,
): string {
  const bytes = Buffer.from(ggufBytes(keys, new Map(Object.entries(tensors))));
  const path = join(temporaryFolder(), "model.gguf");
  writeFileSync(path, change === undefined ? bytes : change(bytes));
  return path;
}

test("tensors come in torch's order of axes, blocks as float32", async () => {
  const path = written(
    { "general.architecture": { type: 8, value: "wan" }, n: { type: 4, value: 7 } },
    {
      plain: { dims: [3, 2], type: 0, bytes: f32(1, 2, 3, 4, 5, 6) },
      blocks: { dims: [32, 1], type: 8, bytes: q8 },
    },
  );
  using file = openCheckpoint(path);
  expect(file.metadata).toEqual({ "general.architecture": "wan", n: "7" });
  expect(file.tensors.get("plain")).toMatchObject({ shape: [2, 3], storedType: "F32" });
  expect(file.tensors.get("blocks")).toMatchObject({ shape: [1, 32], storedType: "Q8_0" });
  using plain = file.tensor("plain", testDevice());
  using blocks = file.tensor("blocks", testDevice());
  expect([...(await plain.read())]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...(await blocks.read())]).toEqual(Array.from({ length: 32 }, (_, i) => (i - 3) / 2));
});

test("a folded tensor has the shape that its key states", () => {
  const tensor = { dims: [6], type: 0, bytes: f32(1, 2, 3, 4, 5, 6) };
  const key = "comfy.gguf.orig_shape.w";
  const shaped = (values: number[]) =>
    readGgufHeader(written({ [key]: { type: 9, of: 5, values } }, { w: tensor })).tensors.get("w");
  expect(shaped([3, 1, 2])?.shape).toEqual([3, 1, 2]);
  expect(() => shaped([3, 3])).toThrow(/Expected a shape of 6 elements, got \[3, 3\]/);
});

test("a file of the format is known by its first letters, whatever it is called", () => {
  const bytes = ggufBytes({}, new Map([["a", { dims: [1], type: 0, bytes: f32(1) }]]));
  const path = join(temporaryFolder(), "model.safetensors");
  writeFileSync(path, bytes);
  using file = openCheckpoint(path);
  expect([...file.tensors.keys()]).toEqual(["a"]);
});

test("what is named so and is something else is refused by what it is", () => {
  const path = join(temporaryFolder(), "model.gguf");
  writeFileSync(path, "<!doctype html>");
  expect(() => openCheckpoint(path)).toThrow(/Expected a GGUF file, got a web page/);
});

test("the tokenizer is the sentencepiece model that its keys were made from", () => {
  const pieces = ["<pad>", "</s>", "<unk>", "\u2581ball", "s", "\u2581"];
  const lists: Record<string, KeyValue> = {
    "tokenizer.ggml.model": { type: 8, value: "t5" },
    "tokenizer.ggml.tokens": { type: 9, of: 8, values: pieces },
    "tokenizer.ggml.token_type": { type: 9, of: 5, values: [3, 3, 2, 1, 1, 1] },
    "tokenizer.ggml.eos_token_id": { type: 4, value: 1 },
  };
  const scores: KeyValue = { type: 9, of: 6, values: [0, 0, 0, -1, -2, -3] };
  using file = openCheckpoint(written({ ...lists, "tokenizer.ggml.scores": scores }, {}));
  const spiece = file.embedded?.get("spiece_model")?.();
  const tokenizer = new SentencePiece(spiece ?? new Uint8Array());
  expect([...tokenizer.encode("balls")]).toEqual([3, 4]);
  expect(tokenizer.endId).toBe(1);
  using without = openCheckpoint(written(lists, {}));
  expect(() => without.embedded?.get("spiece_model")?.()).toThrow(/6 pieces, 0 scores/);
});

test("a changed file is noticed before it is read", () => {
  const path = written({}, { a: { dims: [1], type: 0, bytes: f32(1) } });
  using file = openCheckpoint(path);
  writeFileSync(path, "GGUF");
  expect(() => file.tensor("a", testDevice())).toThrow(/was changed after it was opened/);
});

const folder = "goldens/gguf";
const present = sharedDir() !== null && existsSync(sharedPath(folder));

describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
  const files = present
    ? readdirSync(sharedPath(`${folder}/malformed`)).filter((name) => name.endsWith(".gguf"))
    : [];

  test.each(files)("malformed/%s is refused with words", (name) => {
    expect(() => openCheckpoint(sharedPath(`${folder}/malformed/${name}`))).toThrow(
      /Expected .+, got .+/s,
    );
  });
});
