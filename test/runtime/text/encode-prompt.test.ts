import { describe, expect, test } from "vitest";
import { encodeTokens, tokenizePrompt } from "#runtime/text/encode-prompt";
import { SentencePiece } from "#runtime/text/sentencepiece";
import { embedding } from "#runtime/tensor/ops";
import type { TextEncoder as PromptEncoder } from "#runtime/sdk/model";
import { modelFile } from "../../helpers/sentencepiece-file.ts";
import { checkLiveTensorsAtEnd, testDevice } from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();

const tokenizer = new SentencePiece(
  modelFile([
    { text: "<pad>", type: 3 },
    { text: "</s>", type: 3 },
    { text: "<unk>", type: 2 },
    { text: "▁", score: -3 },
    { text: "▁a", score: -1 },
    { text: "▁b", score: -1 },
    { text: "▁c", score: -1 },
  ]),
);

describe("tokens", () => {
  test("end with the end of text, whose weight stays 1", () => {
    const { ids, weights } = tokenizePrompt(tokenizer, "a (b:2) c");
    expect([...ids]).toEqual([4, 5, 6, 1]);
    expect([...weights]).toEqual([1, 2, 1, 1]);
    expect([...tokenizePrompt(tokenizer, "").ids]).toEqual([1]);
  });

  test("of pieces with different weights are made one by one", () => {
    // "(b)" begins a text of its own, and so has its own leading space.
    expect([...tokenizePrompt(tokenizer, "a(b)c").ids]).toEqual([4, 5, 6, 1]);
    expect([...tokenizePrompt(tokenizer, "a b").ids]).toEqual([4, 5, 1]);
  });

  test("leave out textual inversions and name them", () => {
    const { ids, missingEmbeddings } = tokenizePrompt(
      tokenizer,
      "a embedding:bad b (c embedding:worse:1.5)",
    );
    expect([...ids]).toEqual([4, 5, 6, 1]);
    expect(missingEmbeddings).toEqual(["bad", "worse"]);
  });
});

describe("embeddings", () => {
  const width = 3;
  const table = Float32Array.from({ length: 7 * width }, (_, i) => i);
  const asked: number[][] = [];
  const encoder: PromptEncoder = {
    forward(ids) {
      asked.push([...ids]);
      using rows = testDevice().tensor(table, [7, width]);
      using list = testDevice().tensor(ids, [ids.length]);
      return embedding(rows, list);
    },
  };

  test("are the encoder's rows when every weight is 1", async () => {
    asked.length = 0;
    const { context } = await encodeTokens(encoder, tokenizePrompt(tokenizer, "a b"));
    expect(context.shape).toEqual([3, 3]);
    expect([...context.data]).toEqual([12, 13, 14, 15, 16, 17, 3, 4, 5]);
    expect(asked).toEqual([[4, 5, 1]]);
  });

  test("move away from those of an empty prompt by their weight", async () => {
    asked.length = 0;
    const { context } = await encodeTokens(encoder, tokenizePrompt(tokenizer, "(a:2) (b:0.5) c"));
    // Row 0: (z - end) 2 + end; others: from zero, as the empty prompt is zero behind its end of text.
    expect([...context.data]).toEqual([21, 22, 23, 7.5, 8, 8.5, 18, 19, 20, 3, 4, 5]);
    expect(asked).toEqual([[4, 5, 6, 1], [1]]);
  });
});
