import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { UmbelError } from "#runtime/errors";
import type { ModelPart } from "#runtime/weights/model-part";

const BESIDE = [
  "spiece.model",
  "tokenizer.model",
  "tokenizer/spiece.model",
  "../tokenizer/spiece.model",
];
const MAX_BYTES = 64 * 2 ** 20;

const read = new WeakMap<ModelPart, Uint8Array>();

/**
 * The sentencepiece model of a text encoder: inside of its file (`spiece_model` as ComfyUI's files have it, keys of a GGUF
 * file), or beside it; the same array for the same part. Throws ERR_TOKENIZER.
 */
export function tokenizerBytes(part: ModelPart): Uint8Array {
  const known = read.get(part) ?? readTokenizer(part);
  read.set(part, known);
  return known;
}

function readTokenizer({ file, assets }: ModelPart): Uint8Array {
  const embedded = file.embedded?.get("spiece_model");
  if (embedded !== undefined) return embedded();
  const inside = assets.get("spiece_model");
  if (inside !== undefined) return file.read(inside);
  const folder = dirname(file.path);
  const path = BESIDE.map((name) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (path !== undefined && statSync(path).size <= MAX_BYTES) return readFileSync(path);
  throw new UmbelError(
    "ERR_TOKENIZER",
    `Expected a tokeniser in ${file.path} (tensor spiece_model) or a file spiece.model beside it, got neither. ` +
      "ComfyUI's files of the text encoder hold theirs.",
  );
}
