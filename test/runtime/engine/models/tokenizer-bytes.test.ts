import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { tokenizerBytes } from "#runtime/engine/models/tokenizer-bytes";
import clipText from "#runtime/models/clip-text";
import llama from "#runtime/models/llama";
import umt5 from "#runtime/models/umt5";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { modelPart } from "#runtime/weights/model-part";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { temporaryFolder } from "../../../helpers/safetensors-bytes.ts";
import { f32 } from "../../../helpers/stored-tensors.ts";

function encoder(more: Record<string, StoredTensor> = {}) {
  const comfy = temporaryFolder();
  const path = join(comfy, "models/text_encoders/encoder.safetensors");
  mkdirSync(dirname(path), { recursive: true });
  writeSafetensors(path, new Map(Object.entries({ x: f32([1]), ...more })));
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(comfy, name)), { recursive: true });
    writeFileSync(join(comfy, name), text);
  };
  return { part: modelPart(openCheckpoint(path), ""), write };
}
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("LLaMA's: of its own name, else of the ComfyUI installation around it, else beside it", () => {
  const beside = encoder();
  beside.write("models/text_encoders/tokenizer.json", "beside");
  expect(text(tokenizerBytes(beside.part, llama))).toBe("beside");

  const comfy = encoder();
  comfy.write("models/text_encoders/tokenizer.json", "beside");
  comfy.write("comfy/text_encoders/llama_tokenizer/tokenizer.json", "comfy");
  expect(text(tokenizerBytes(comfy.part, llama))).toBe("comfy");

  const own = encoder();
  own.write("comfy/text_encoders/llama_tokenizer/tokenizer.json", "comfy");
  own.write("models/text_encoders/encoder.tokenizer.json", "own");
  expect(text(tokenizerBytes(own.part, llama))).toBe("own");
});

test("CLIP's vocabulary and merges become one JSON", () => {
  const { part, write } = encoder();
  write("comfy/sd1_tokenizer/vocab.json", '{"a": 0}');
  write("comfy/sd1_tokenizer/merges.txt", "#version: 0.2\na b\n");
  const { model } = JSON.parse(text(tokenizerBytes(part, clipText))) as { model: unknown };
  expect(model).toMatchObject({ vocab: { a: 0 }, merges: ["a b"], end_of_word_suffix: "</w>" });
});

test("one inside of the file goes before all others, and is read once", () => {
  const bytes = new TextEncoder().encode("inside");
  const stored = { storedType: "U8", shape: [bytes.length], bytes };
  const { part, write } = encoder({ tokenizer_json: stored });
  write("models/text_encoders/encoder.tokenizer.json", "own");
  expect(text(tokenizerBytes(part, llama))).toBe("inside");
  expect(tokenizerBytes(part, llama)).toBe(tokenizerBytes(part, llama));
});

test("T5's tokenizer.json of the ComfyUI installation around it stands in for a sentencepiece model", () => {
  const { part, write } = encoder();
  write("comfy/text_encoders/t5_tokenizer/tokenizer.json", "t5");
  write("models/text_encoders/tokenizer.json", "another's");
  expect(text(tokenizerBytes(part, umt5))).toBe("t5");
});

test("without one it is said which is needed and where it comes from", () => {
  const { part } = encoder();
  expect(() => tokenizerBytes(part, llama)).toThrow(
    /LLaMA 3's tokenizer.json.*llama_tokenizer.*come with its program/,
  );
  expect(() => tokenizerBytes(part, clipText)).toThrow(/vocab.json and merges.txt/);
  expect(() => tokenizerBytes(part, umt5)).toThrow(/spiece.model beside it or T5's/);
});
