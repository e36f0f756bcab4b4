/** Whole models of toy size with random weights, in the files and folders that graphs name. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ModelFamily } from "#runtime/sdk/model";
import { writeSafetensors } from "#runtime/weights/write";
import { bf16 } from "./stored-tensors.ts";
import { randomArray } from "./tensors.ts";

/** Writes every tensor of a configuration: matrices that keep their input's size, norms of one, biases of nearly none. */
export function writeToyModel<Config>(
  path: string,
  family: ModelFamily<Config, unknown>,
  config: Config,
  metadata: Readonly<Record<string, string>> = {},
): void {
  mkdirSync(dirname(path), { recursive: true });
  const tensors = family.tensors(config).map(({ name, shape }, seed) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const inputs = shape.slice(1).reduce((product, length) => product * length, 1);
    const isNorm = /norm[^/]*\.weight$/.test(name) && shape.length === 1;
    const scale = shape.length > 1 ? Math.sqrt(3 / inputs) : 0.02;
    const values = isNorm ? new Float32Array(size).fill(1) : randomArray(size, seed, scale);
    return [name, bf16(values, shape)] as const;
  });
  writeSafetensors(path, new Map(tensors), metadata);
}

const LETTERS = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));

/** A byte-pair tokenizer.json of printable ASCII, without merges, as LLaMA 3's in form. */
export function llamaTokenizerJson(): string {
  const pieces = [...LETTERS, "Ġ", "Ċ"];
  const special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>"];
  special.push("<|end_header_id|>", "<|eot_id|>", "<pad>");
  return JSON.stringify({
    added_tokens: special.map((content, i) => ({
      id: pieces.length + i,
      content,
      special: true,
      normalized: false,
      single_word: false,
      lstrip: false,
      rstrip: false,
    })),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges: [],
      ignore_merges: true,
    },
  });
}

/** Vocabulary and merges of printable ASCII in CLIP's form, in a folder. */
export function writeClipVocabulary(folder: string): void {
  const pieces = [...LETTERS, ...LETTERS.map((letter) => `${letter}</w>`)];
  pieces.push("<|startoftext|>", "<|endoftext|>");
  mkdirSync(folder, { recursive: true });
  const vocabulary = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  writeFileSync(join(folder, "vocab.json"), JSON.stringify(vocabulary));
  writeFileSync(join(folder, "merges.txt"), "#version: 0.2\n");
}

/** A Unigram tokenizer.json of printable ASCII, as T5's in form. */
export function unigramTokenizerJson(): string {
  const special = ["<pad>", "</s>", "<unk>"];
  const pieces = [...special, "▁", ...LETTERS];
  return JSON.stringify({
    added_tokens: special.map((content, id) => ({ id, content, special: true })),
    normalizer: null,
    model: { type: "Unigram", unk_id: 2, vocab: pieces.map((piece) => [piece, -1]) },
  });
}
