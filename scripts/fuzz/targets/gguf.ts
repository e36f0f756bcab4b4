import { checkComplete } from "#runtime/engine/models/complete";
import { detectModels } from "#runtime/engine/models/detect";
import type { AnyFamily } from "#runtime/engine/models/families";
import { inspectFile } from "#runtime/engine/models/inspect";
import { tokenizerBytes } from "#runtime/engine/models/tokenizer-bytes";
import { UmbelError } from "#runtime/errors";
import { BLOCK_FORMATS } from "#runtime/tensor/block-format";
import type { Device } from "#runtime/tensor/device";
import { SentencePiece } from "#runtime/text/sentencepiece";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { ggufBytes, type GgufTensor, type KeyValue } from "../gguf-bytes.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import type { ModelSeed } from "../model-seeds.ts";
import type { ScratchFolder } from "../scratch-file.ts";
import type { FuzzTarget } from "../target.ts";

const BF16 = 30;
/** Damage to the head is what a reader has to notice; most of a file is data. */
const HEAD_SHARE = 0.7;

/** Opens GGUF files with a transformer, blocks of every format and a tokeniser, and reads what they hold. */
export function ggufTarget(
  device: Device,
  families: readonly AnyFamily[],
  scratch: ScratchFolder,
  seeds: readonly ModelSeed[],
): FuzzTarget {
  const valid = [everyFormat(), tokenizerOnly(), ...transformers(scratch, seeds)];
  return {
    name: "gguf",
    share: 3,
    valid,
    mutate: (random) => {
      const seed = random.pick(valid);
      if (!random.chance(HEAD_SHARE)) return mutateBytes(seed, random, valid);
      const head = Math.min(seed.length, random.pick([64, 512, 4096]));
      const damaged = mutateBytes(seed.subarray(0, head), random, valid);
      return Buffer.concat([damaged, seed.subarray(head)]);
    },
    run: async (input) => {
      const path = scratch.write("case.gguf", input);
      inspectFile(path, families);
      using file = openCheckpoint(path);
      for (const name of [...file.tensors.keys()].slice(0, 40)) {
        using tensor = file.tensor(name, device);
        await tensor.read();
      }
      const [model] = detectModels(file, families);
      if (model === undefined && !file.embedded?.has("spiece_model") && file.tensors.size === 0) {
        throw new UmbelError("ERR_UNKNOWN_MODEL", "Expected a model of the seeds, got none.");
      }
      if (model !== undefined) {
        checkComplete(model);
        if (model.family.kind === "text-encoder") tokenizerBytes(model.part, model.family);
      }
      const spiece = file.embedded?.get("spiece_model");
      if (spiece !== undefined) new SentencePiece(spiece()).encode("a ball");
    },
  };
}

function everyFormat(): Uint8Array {
  const tensors = new Map<string, GgufTensor>();
  for (const { name, number, elements, bytes } of BLOCK_FORMATS) {
    const data = Uint8Array.from({ length: 2 * bytes }, (_, i) => (i * 37 + number) & 0x7f);
    tensors.set(name, { dims: [elements, 2], type: number, bytes: data });
  }
  return ggufBytes({ "general.architecture": { type: 8, value: "wan" } }, tensors);
}

function tokenizerOnly(): Uint8Array {
  const pieces = ["<pad>", "</s>", "<unk>", "\u2581a", "b", "al", "l"];
  const keys: Record<string, KeyValue> = {
    "tokenizer.ggml.model": { type: 8, value: "t5" },
    "tokenizer.ggml.tokens": { type: 9, of: 8, values: pieces },
    "tokenizer.ggml.scores": { type: 9, of: 6, values: pieces.map((_, i) => -i) },
    "tokenizer.ggml.token_type": { type: 9, of: 5, values: [3, 3, 2, 1, 1, 1, 1] },
    "tokenizer.ggml.eos_token_id": { type: 4, value: 1 },
    "tokenizer.ggml.add_space_prefix": { type: 7, value: true },
  };
  return ggufBytes(keys, new Map());
}

/** The seeds' transformer with whole names, and folded as converters do it. */
function transformers(scratch: ScratchFolder, seeds: readonly ModelSeed[]): Uint8Array[] {
  const seed = seeds.find(({ name }) => name === "transformer");
  if (seed === undefined) throw new RangeError("Expected a transformer, got none.");
  using file = openCheckpoint(scratch.write("seed.safetensors", seed.bytes));
  const plain = new Map<string, GgufTensor>();
  const folded = new Map<string, GgufTensor>();
  const keys: Record<string, KeyValue> = {};
  for (const [name, { shape }] of file.tensors) {
    const bytes = file.read(name);
    plain.set(name, { dims: shape.toReversed(), type: BF16, bytes });
    const count = shape.reduce((product, size) => product * size, 1);
    folded.set(`model.diffusion_model.${name}`, { dims: [count], type: BF16, bytes });
    const key = `comfy.gguf.orig_shape.model.diffusion_model.${name}`;
    keys[key] = { type: 9, of: 5, values: shape };
  }
  const architecture = { "general.architecture": { type: 8, value: "wan" } } as const;
  return [ggufBytes(architecture, plain), ggufBytes(keys, folded)];
}
