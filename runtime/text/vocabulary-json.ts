import { UmbelError } from "#runtime/errors";

/** CLIP's vocabulary (JSON) and merges (a line each) as the model of a tokenizer.json. Throws ERR_TOKENIZER. */
export function vocabularyJson(vocabulary: string, merges: string): string {
  const pairs = merges.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  try {
    const vocab: unknown = JSON.parse(vocabulary);
    return JSON.stringify({
      model: { type: "BPE", end_of_word_suffix: "</w>", vocab, merges: pairs },
    });
  } catch (cause) {
    throw new UmbelError("ERR_TOKENIZER", "Expected a vocabulary in JSON, got something else.", {
      cause,
    });
  }
}
