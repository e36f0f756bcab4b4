import { expect, test } from "vitest";
import { tokenizerOf } from "#runtime/text/tokenizer-of";
import { unigramTokenizerJson } from "../../helpers/toy-models.ts";

const open = (json: string) => tokenizerOf(new TextEncoder().encode(json));

test("a Unigram tokenizer.json is read as the sentencepiece model that it was made from", () => {
  const tokenizer = open(unigramTokenizerJson());
  expect(tokenizer.endId).toBe(1);
  const ids = [...tokenizer.encode("  a  b ")];
  const letter = (text: string) => 4 + text.charCodeAt(0) - 33;
  expect(ids).toEqual([3, letter("a"), 3, letter("b")]);
  expect([...tokenizer.encode("é")]).toEqual([3, 2]);
});

test("special tokens are no text", () => {
  const json = JSON.parse(unigramTokenizerJson()) as {
    added_tokens: unknown[];
    model: { vocab: unknown[] };
  };
  json.model.vocab.push(["ab", 5]);
  const plain = open(JSON.stringify(json));
  expect([...plain.encode("ab")]).toEqual([3, 98]);
  json.added_tokens.push({ id: 98, content: "ab", special: true });
  expect([...open(JSON.stringify(json)).encode("ab")]).toHaveLength(3);
});

test.each([
  ['{"model": {"type": "Unigram", "vocab": []}}', /list|none/],
  ['{"model": {"type": "Unigram", "vocab": [["a"]]}}', /at place 0/],
  ['{"model": {"type": "Unigram", "vocab": [["", 1]]}}', /at place 0/],
  ['{"model": {"type": "Unigram", "vocab": [["a", 1]]}}', /unknown/],
])("%s is refused", (json, message) => {
  expect(() => open(json)).toThrow(message);
});
