/** LLaMA from a GGUF file as llama.cpp writes it: its names, its order of rows, its tokeniser. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { loadFamilies } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import llama from "#runtime/models/llama";
import type { TextEncoderLease } from "#runtime/sdk/model-access";
import { tokenizerOf } from "#runtime/text/tokenizer-of";
import { ggufBytes, type GgufTensor, type KeyValue } from "../../scripts/fuzz/gguf-bytes.ts";
import { headerOf } from "../helpers/model-weights.ts";
import { temporaryFolder } from "../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedJson, sharedPath, sharedTensors } from "../helpers/shared.ts";
import { checkLiveTensorsAtEnd, relativeError, testDevice } from "../helpers/tensors.ts";

checkLiveTensorsAtEnd();

/** Bound of the reference data for single precision. */
const BOUND = 1e-4;

/** llama.cpp's name of a tensor (repository ggml-org/llama.cpp, gguf-py/gguf/tensor_mapping.py). */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^model\.embed_tokens/, "token_embd"],
  [/^model\.norm/, "output_norm"],
  [/^model\.layers\./, "blk."],
  [/input_layernorm/, "attn_norm"],
  [/post_attention_layernorm/, "ffn_norm"],
  [/self_attn\.o_proj/, "attn_output"],
  [/self_attn\.([qkv])_proj/, "attn_$1"],
  [/mlp\.(gate|up|down)_proj/, "ffn_$1"],
];
const nameOf = (name: string) => NAMES.reduce((found, [from, to]) => found.replace(from, to), name);

/** Rows of each head as llama.cpp orders them: the first of one half, the first of the other, the second ... */
function interleaved(values: Float32Array, [rows, width]: readonly number[], heads: number) {
  const half = rows! / heads / 2;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows!; row++) {
    const [head, within] = [Math.floor(row / (2 * half)), row % (2 * half)];
    const to = head * 2 * half + 2 * (within % half) + Math.floor(within / half);
    result.set(values.subarray(row * width!, (row + 1) * width!), to * width!);
  }
  return result;
}

const list = (of: 5 | 8, values: never[] | readonly number[] | readonly string[]) =>
  ({ type: 9, of, values }) as KeyValue;
const SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>"];
const TOKENIZER: Record<string, KeyValue> = {
  "tokenizer.ggml.model": { type: 8, value: "gpt2" },
  "tokenizer.ggml.pre": { type: 8, value: "llama-bpe" },
  "tokenizer.ggml.tokens": list(8, ["a", "b", "Ġ", "ab", "1", "111", ...SPECIAL]),
  "tokenizer.ggml.token_type": list(5, [1, 1, 1, 1, 1, 1, 3, 3]),
  "tokenizer.ggml.merges": list(8, ["a b"]),
};
const ARCHITECTURE: Record<string, KeyValue> = {
  "general.architecture": { type: 8, value: "llama" },
  "llama.attention.head_count": { type: 4, value: 4 },
};

const managers: ModelManager[] = [];
afterEach(() => {
  for (const manager of managers.splice(0)) manager.release();
});

async function open(
  keys: Record<string, KeyValue>,
  tensors: ReadonlyMap<string, GgufTensor>,
): Promise<TextEncoderLease> {
  const path = join(temporaryFolder(), "llama.gguf");
  writeFileSync(path, ggufBytes(keys, tensors));
  const manager = new ModelManager({ device: testDevice(), families: await loadFamilies() });
  managers.push(manager);
  const checkpoint = manager.identify(path, "text-encoder");
  return manager.textEncoder({ kind: "clip", checkpoint, loras: [] });
}

const tensor = (values: Float32Array, shape: readonly number[]): GgufTensor => ({
  dims: shape.toReversed(),
  type: 0,
  bytes: new Uint8Array(values.slice().buffer),
});

describe("configuration", () => {
  const shapes = {
    "embed_tokens.weight": [100, 64],
    "layers.0.self_attn.q_proj.weight": [64, 64],
    "layers.0.self_attn.k_proj.weight": [32, 64],
    "layers.0.mlp.gate_proj.weight": [96, 64],
  };
  const keys = { "general.architecture": "llama", "llama.attention.head_count": "4" };

  test("heads, base of rotation and order of rows come from the keys", () => {
    const found = llama.detect(headerOf(shapes, { ...keys, "llama.rope.freq_base": "10000" }));
    expect(found).toMatchObject({ heads: 4, keyHeads: 2, theta: 10_000, pairs: "neighbours" });
  });

  test("kin of another architecture, or with biases, are not taken for it", () => {
    expect(llama.detect(headerOf(shapes, { ...keys, "general.architecture": "qwen2" }))).toBeNull();
    const biased = { ...shapes, "layers.0.self_attn.q_proj.bias": [64] };
    expect(llama.detect(headerOf(biased, keys))).toBeNull();
  });
});

describe("the tokeniser in its keys", () => {
  const tensors = new Map(
    llama
      .tensors({
        vocabulary: 8,
        width: 8,
        heads: 4,
        keyHeads: 2,
        headDim: 2,
        hidden: 8,
        layers: 1,
        theta: 1e4,
        eps: 1e-5,
        pairs: "neighbours",
      })
      .map(({ name, shape }) => {
        const size = shape.reduce((product, length) => product * length, 1);
        return [nameOf(`model.${name}`), tensor(new Float32Array(size), shape)];
      }),
  );

  test("cuts words as LLaMA 3 does, merges, and takes added tokens whole", async () => {
    using lease = await open({ ...ARCHITECTURE, ...TOKENIZER }, tensors);
    const tokenizer = tokenizerOf(lease.tokenizer);
    expect([tokenizer.startId, tokenizer.endId]).toEqual([6, 7]);
    expect([...tokenizer.encode("ab ba<|end_of_text|>1111")]).toEqual([3, 2, 1, 0, 7, 5, 4]);
  });

  test("lists that do not belong together are refused, others' rules are not guessed", async () => {
    const short = { "tokenizer.ggml.token_type": list(5, [1]) };
    await expect(open({ ...ARCHITECTURE, ...TOKENIZER, ...short }, tensors)).rejects.toThrow(
      /8 tokens, 1 kinds and 1 merges/,
    );
    const other: Record<string, KeyValue> = { "tokenizer.ggml.pre": { type: 8, value: "qwen2" } };
    await expect(open({ ...ARCHITECTURE, ...TOKENIZER, ...other }, tensors)).rejects.toThrow(
      /Expected a tokeniser for the LLaMA 3/,
    );
  });
});

const folder = "goldens/hunyuan/llama";
const present = sharedDir() !== null && existsSync(sharedPath(folder));

describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
  const device = testDevice();

  /** The golden weights in float32 (or their matrices in F16), rows of queries and keys in llama.cpp's order. */
  function rewritten(): Map<string, GgufTensor> {
    const weights = sharedTensors(`${folder}/weights.safetensors`);
    return new Map(
      [...weights.tensors].map(([name, { shape, values }]) => {
        const heads = name.includes("q_proj") ? 4 : name.includes("k_proj") ? 2 : 0;
        const rows = heads === 0 ? values : interleaved(values, shape, heads);
        return [nameOf(name), tensor(rows, shape)];
      }),
    );
  }

  function tokenizerKeys(): Record<string, KeyValue> {
    const json = sharedJson<{
      added_tokens: { id: number; content: string }[];
      model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
    }>("goldens/hunyuan/tokenizers/llama/tokenizer.json");
    const tokens: string[] = [];
    const kinds: number[] = [];
    for (const [content, id] of Object.entries(json.model.vocab)) {
      tokens[id] = content;
      kinds[id] = 1;
    }
    for (const { id, content } of json.added_tokens) {
      tokens[id] = content;
      kinds[id] = 3;
    }
    return {
      ...TOKENIZER,
      "tokenizer.ggml.tokens": list(8, tokens),
      "tokenizer.ggml.token_type": list(5, kinds),
      "tokenizer.ggml.merges": list(
        8,
        json.model.merges.map((merge) => [merge].flat().join(" ")),
      ),
    };
  }

  test("the states are those of the model that it was made from", async () => {
    const golden = sharedTensors(`${folder}/io.safetensors`);
    const [rows, width] = golden.get("hidden_m3").shape.slice(1);
    using lease = await open({ ...ARCHITECTURE, ...tokenizerKeys() }, rewritten());
    for (const [name, options] of [
      ["hidden_m3", { skipLayers: 2 }],
      ["last_hidden_normed", {}],
    ] as const) {
      for (const item of [0, 1]) {
        const of = (key: string, size: number) =>
          golden.get(key).values.subarray(item * size, (item + 1) * size);
        const used = of("attention_mask", rows!).lastIndexOf(1) + 1;
        const ids = Int32Array.from(of("input_ids", rows!).subarray(0, used));
        using out = lease.instance.forward(ids, options);
        expect(out.device).toBe(device);
        const expected = of(name, rows! * width!).subarray(0, used * width!);
        expect(relativeError(await out.read(), expected)).toBeLessThan(BOUND);
      }
    }
  });

  test("the tokeniser gives the ids of the file that it was made from", async () => {
    using lease = await open({ ...ARCHITECTURE, ...tokenizerKeys() }, rewritten());
    const tokenizer = tokenizerOf(lease.tokenizer);
    const { cases } = sharedJson<{ cases: { text: string; ids: number[] }[] }>(
      "goldens/hunyuan/tokenizers/llama/cases.json",
    );
    expect(cases.length).toBeGreaterThan(5);
    for (const { text, ids } of cases) {
      expect([tokenizer.startId, ...tokenizer.encode(text)]).toEqual(ids);
    }
  });
});
