import { describe, expect, test } from "vitest";
import llama from "#runtime/models/llama";
import { bpeTokenizer, parseTokenizerJson } from "#runtime/text/bpe-tokenizer";
import { encodeInstructed, hunyuanTokens } from "#runtime/text/hunyuan-prompt";
import { scope } from "#runtime/tensor/scope";
import { TestWeights } from "../../helpers/model-weights.ts";
import {
  checkLiveTensorsAtEnd,
  randomArray,
  relativeError,
  testDevice,
} from "../../helpers/tensors.ts";
import { llamaTokenizerJson } from "../../helpers/toy-models.ts";

checkLiveTensorsAtEnd();

const tokenizer = bpeTokenizer(parseTokenizerJson(llamaTokenizerJson()));
const CONFIG = {
  vocabulary: 110,
  width: 16,
  heads: 4,
  keyHeads: 2,
  headDim: 4,
  hidden: 24,
  layers: 4,
  theta: 500_000,
  eps: 1e-5,
  pairs: "halves",
} as const;

function toyWeights(): TestWeights {
  const specs = new Map(
    llama.tensors(CONFIG).map(({ name, shape }, seed) => [name, { shape, seed }]),
  );
  return new TestWeights(testDevice(), specs.keys(), (name) => {
    const { shape, seed } = specs.get(name)!;
    const size = shape.reduce((a, b) => a * b, 1);
    return testDevice().tensor(randomArray(size, seed), shape);
  });
}

describe("weights of words", () => {
  test("stand beside the tokens of their words, which are made piece by piece", () => {
    const { ids, weights, cropped } = hunyuanTokens(tokenizer, "a (red:1.5) (cat)");
    const words = ["a ", "red", " ", "cat", "<|eot_id|>"].map((text) => tokenizer.encode(text));
    expect([...ids.subarray(cropped)]).toEqual(words.flatMap((one) => [...one]));
    const expected = words.flatMap((one, i) => [...one].map(() => [1, 1.5, 1, 1.1, 1][i]!));
    expect([...weights.subarray(cropped)]).toEqual([...Float32Array.from(expected)]);
    expect(weights.subarray(0, cropped).every((weight) => weight === 1)).toBe(true);
  });

  test("move rows away from those of padding behind the start, of the same length", async () => {
    using held = toyWeights();
    const model = llama.create(CONFIG, held);
    const tokens = hunyuanTokens(tokenizer, "a (red:1.5) cat");
    const rows = await encodeInstructed(model, tokens);

    const { ids, weights, cropped } = tokens;
    const read = async (of: Int32Array, seen: number) => {
      using out = scope(() => model.forward(of, { skipLayers: 2, seen }));
      return (await out.read()).subarray(cropped * CONFIG.width);
    };
    const plain = await read(ids, ids.length);
    const padding = new Int32Array(ids.length).fill(tokenizer.padId!);
    padding[0] = tokenizer.startId!;
    const empty = await read(padding, 1);
    const expected = plain.map((value, i) => {
      const weight = weights[cropped + Math.floor(i / CONFIG.width)]!;
      return (value - empty[i]!) * weight + empty[i]!;
    });
    expect(relativeError(rows.data, expected)).toBeLessThan(1e-6);
    expect(relativeError(rows.data, plain)).toBeGreaterThan(1e-3);
  });

  test("are left out where there is no padding", async () => {
    using held = toyWeights();
    const model = llama.create(CONFIG, held);
    const without = parseTokenizerJson(llamaTokenizerJson().replace("<pad>", "<other>"));
    const tokens = hunyuanTokens(bpeTokenizer(without), "a (red:1.5) cat");
    expect(tokens.empty).toBeNull();
    const { data } = await encodeInstructed(model, tokens);
    const plain = { ...tokens, weights: tokens.weights.map(() => 1) };
    expect(data).toEqual((await encodeInstructed(model, plain)).data);
  });
});
