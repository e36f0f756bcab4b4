/** Where a text encoder's sentencepiece model is: in its checkpoint, or in a file beside it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UmbelError } from "#runtime/errors";

/** Tensor of bytes in which ComfyUI's checkpoints carry the model. */
export const TOKENIZER_TENSOR = "spiece_model";

/** Relative to the checkpoint's folder, the nearest first; the last are the layouts of Wan's and diffusers' repositories. */
const PLACES = [
  "spiece.model",
  "tokenizer/spiece.model",
  "../tokenizer/spiece.model",
  "google/umt5-xxl/spiece.model",
  "../google/umt5-xxl/spiece.model",
];

/**
 * Bytes of the sentencepiece model of a checkpoint. `tensor` holds those of TOKENIZER_TENSOR when the checkpoint has it.
 * Throws ERR_TOKENIZER when there is none.
 */
export function findTokenizer(checkpoint: string, tensor: Uint8Array | null): Uint8Array {
  if (tensor !== null) return tensor;
  const folder = dirname(checkpoint);
  const found = PLACES.map((place) => join(folder, place)).find((path) => existsSync(path));
  if (found !== undefined) return readFileSync(found);
  throw new UmbelError(
    "ERR_TOKENIZER",
    `Expected the tokeniser of ${checkpoint} as tensor ${TOKENIZER_TENSOR} or as a file, got neither. ` +
      `Put its spiece.model at one of ${PLACES.join(", ")} (from the checkpoint's folder).`,
  );
}
