import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UmbelError } from "#runtime/errors";
import type { TextEncoderFamily } from "#runtime/sdk/model";
import { vocabularyJson } from "#runtime/text/vocabulary-json";
import type { ModelPart } from "#runtime/weights/model-part";

type Encoder = Pick<TextEncoderFamily, "title" | "tokenizer">;

interface Place {
  /** Tensors that hold a tokeniser, as bytes. */
  readonly assets: readonly string[];
  /** Its files by their names in a folder: the first that is there, those of a list together. */
  readonly files: readonly (string | readonly [vocabulary: string, merges: string])[];
  /** Folders, from the encoder's own; files there. Model files of several encoders share one. */
  readonly folders: readonly string[];
  /** Folders in which a tokenizer.json does as well. */
  readonly json?: readonly string[];
  readonly advice: string;
}

/** ComfyUI brings tokenisers with its program; its model folder is models/text_encoders or a folder in it. */
const comfyFolders = (folder: string) => [`../../comfy/${folder}`, `../../../comfy/${folder}`];

const PLACES: Readonly<
  Record<NonNullable<TextEncoderFamily["tokenizer"]> | "sentencepiece", Place>
> = {
  sentencepiece: {
    assets: ["spiece_model"],
    files: ["spiece.model", "tokenizer.model"],
    folders: ["", "tokenizer", "../tokenizer"],
    // T5's as ComfyUI has it; UMT5's files hold theirs.
    json: ["t5_tokenizer", ...comfyFolders("text_encoders/t5_tokenizer")],
    advice:
      "a tensor spiece_model in it, a file spiece.model beside it or T5's tokenizer.json in a folder t5_tokenizer",
  },
  llama: {
    assets: ["tokenizer_json"],
    files: ["tokenizer.json"],
    folders: [
      "llama_tokenizer",
      ...comfyFolders("text_encoders/llama_tokenizer"),
      "",
      "tokenizer",
      "../tokenizer",
    ],
    advice: "LLaMA 3's tokenizer.json beside it, in a folder llama_tokenizer",
  },
  clip: {
    assets: ["tokenizer_json"],
    files: [["vocab.json", "merges.txt"], "tokenizer.json"],
    folders: ["clip_tokenizer", ...comfyFolders("sd1_tokenizer"), "", "tokenizer", "../tokenizer"],
    advice: "CLIP's vocab.json and merges.txt beside it, in a folder clip_tokenizer",
  },
};
const MAX_BYTES = 64 * 2 ** 20;

const read = new WeakMap<ModelPart, Uint8Array>();

/**
 * The tokeniser of a text encoder: inside of its file (a tensor, or keys of a GGUF file), beside it, or in the ComfyUI
 * installation that the file lies in; the same array for the same part. CLIP's vocabulary and merges come as one
 * tokenizer.json. Throws ERR_TOKENIZER.
 */
export function tokenizerBytes(part: ModelPart, family: Encoder): Uint8Array {
  const known = read.get(part) ?? readTokenizer(part, family);
  read.set(part, known);
  return known;
}

function readTokenizer({ file, assets }: ModelPart, family: Encoder): Uint8Array {
  const place = PLACES[family.tokenizer ?? "sentencepiece"];
  for (const asset of place.assets) {
    const embedded = file.embedded?.get(asset);
    if (embedded !== undefined) return embedded();
    const inside = assets.get(asset);
    if (inside !== undefined) return file.read(inside);
  }
  const folder = dirname(file.path);
  // A name of its own tells the tokenisers of encoders in one folder apart.
  const own = join(folder, `${basename(file.path).replace(/\.[^.]+$/, "")}.tokenizer.json`);
  if (isReadable(own)) return readFileSync(own);
  const candidates = [
    ...place.folders.flatMap((name) => place.files.map((files) => [name, files] as const)),
    ...(place.json ?? []).map((name) => [name, "tokenizer.json"] as const),
  ];
  for (const [name, files] of candidates) {
    const paths = [files].flat().map((one) => join(folder, name, one));
    if (!paths.every(isReadable)) continue;
    const [first = "", merges] = paths;
    if (merges === undefined) return readFileSync(first);
    const json = vocabularyJson(readFileSync(first, "utf8"), readFileSync(merges, "utf8"));
    return new TextEncoder().encode(json);
  }
  throw new UmbelError(
    "ERR_TOKENIZER",
    `Expected a tokeniser for the ${family.title} in ${file.path}, got none. Needed is ${place.advice}. ` +
      "ComfyUI's files of UMT5 hold theirs; all others come with its program, not with the model, and are found there " +
      "when the file lies in ComfyUI's models folder.",
  );
}

function isReadable(path: string): boolean {
  return existsSync(path) && statSync(path).size <= MAX_BYTES;
}
