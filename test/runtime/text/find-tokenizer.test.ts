import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findTokenizer } from "#runtime/text/find-tokenizer";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "umbel-tokenizer-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the tensor in the checkpoint comes first, then the nearest file", () => {
  const checkpoint = join(folder, "text_encoders", "umt5.safetensors");
  mkdirSync(join(folder, "text_encoders", "tokenizer"), { recursive: true });
  mkdirSync(join(folder, "tokenizer"));
  writeFileSync(join(folder, "tokenizer", "spiece.model"), "far");
  expect(Buffer.from(findTokenizer(checkpoint, null)).toString()).toBe("far");
  writeFileSync(join(folder, "text_encoders", "tokenizer", "spiece.model"), "near");
  expect(Buffer.from(findTokenizer(checkpoint, null)).toString()).toBe("near");
  expect(findTokenizer(checkpoint, Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
});

test("a checkpoint without one says where it was looked for", () => {
  expect(() => findTokenizer(join(folder, "umt5.safetensors"), null)).toThrow(
    expect.objectContaining({
      code: "ERR_TOKENIZER",
      message: expect.stringContaining("tokenizer/spiece.model") as string,
    }),
  );
});
