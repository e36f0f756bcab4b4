import { expect, test } from "vitest";
import { bpeTokenizer, parseTokenizerJson } from "#runtime/text/bpe-tokenizer";
import { clipTokens, hunyuanTokens } from "#runtime/text/hunyuan-prompt";
import { tokenizerOf } from "#runtime/text/tokenizer-of";
import { vocabularyJson } from "#runtime/text/vocabulary-json";
import { llamaTokenizerJson } from "../../helpers/toy-models.ts";

const VOCABULARY = JSON.stringify({
  a: 0,
  b: 1,
  "a</w>": 2,
  "b</w>": 3,
  "ab</w>": 4,
  "<|startoftext|>": 5,
  "<|endoftext|>": 6,
});
const clip = () =>
  bpeTokenizer(parseTokenizerJson(vocabularyJson(VOCABULARY, "#version\na b</w>\n")));

test("CLIP: lower case, white space joined, merges at the end of words", () => {
  const tokenizer = clip();
  expect(tokenizer).toMatchObject({ startId: 5, endId: 6 });
  expect([...tokenizer.encode("  A\tB\n AB aab ")]).toEqual([2, 3, 4, 0, 4]);
  expect([...tokenizer.encode("")]).toEqual([]);
});

test("CLIP: what does not fit is cut, the end stays", () => {
  const ids = clipTokens(clip(), "a ".repeat(200));
  expect(ids.length).toBe(77);
  expect([ids[0], ids[1], ids[75], ids[76]]).toEqual([5, 2, 2, 6]);
  expect([...clipTokens(clip(), "b")]).toEqual([5, 3, 6]);
});

test("CLIP: of pieces, a short one that does not fit ends the text, a long one is cut", () => {
  const [long, short] = ["a ".repeat(72), "b ".repeat(4)];
  expect(clipTokens(clip(), long, short, "a").length).toBe(1 + 72 + 1);
  expect(clipTokens(clip(), long, short.repeat(2)).length).toBe(77);
});

test("HunyuanVideo's instruction is cut off up to the prompt, whose borders are trimmed", () => {
  const tokenizer = bpeTokenizer(parseTokenizerJson(llamaTokenizerJson()));
  const { ids, cropped } = hunyuanTokens(tokenizer, "  red dog\n");
  expect(ids[0]).toBe(tokenizer.startId);
  expect([...ids.subarray(cropped)]).toEqual([...tokenizer.encode("red dog<|eot_id|>")]);
  const empty = hunyuanTokens(tokenizer, "");
  expect(empty.cropped).toBe(cropped);
  expect(empty.ids.length).toBe(cropped + 1);
});

test("a file's bytes tell which tokeniser it is", () => {
  const bytes = new TextEncoder().encode(`\n ${llamaTokenizerJson()}`);
  expect(tokenizerOf(bytes)).toBe(tokenizerOf(bytes));
  expect([...tokenizerOf(bytes).encode("!<|eot_id|>")]).toEqual([0, 100]);
});

test.each([
  ["{", /JSON/],
  ["[1]", /vocabulary/],
  ['{"model": {"type": "BPE"}}', /vocabulary/],
  ['{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}', /begin_of_text/],
  ['{"model": {"type": "BPE", "vocab": {"a": 0}, "end_of_word_suffix": "</w>"}}', /startoftext/],
  ['{"model": {"type": "Strange", "vocab": {"a": 0}}}', /tokeniser/],
])("%s is refused", (json, message) => {
  const open = () => tokenizerOf(new TextEncoder().encode(`{${json.slice(1)}`));
  if (json.startsWith("[")) expect(() => parseTokenizerJson(json)).toThrow(message);
  else expect(open).toThrow(message);
});

test("a vocabulary that is no JSON is refused", () => {
  expect(() => vocabularyJson("x", "")).toThrow(/vocabulary in JSON/);
});
