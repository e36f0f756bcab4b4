import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { ModelFolders } from "#runtime/engine/model-folders";
import { tokenizePrompt } from "#runtime/text/encode-prompt";
import { SentencePiece } from "#runtime/text/sentencepiece";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { mutateBytes } from "../mutate-bytes.ts";
import type { FuzzTarget } from "../target.ts";

const PROMPT = "A (red:1.2) ball, ｆｕｌｌ width, naïve \u0301\u{1f600} \ud800 end";

/** Loads sentencepiece models and encodes a prompt. */
export function tokenizerTarget(): FuzzTarget {
  const folders = new ModelFolders([BUNDLED_MODELS]);
  using file = openCheckpoint(
    folders.path("text_encoders", folders.list("text_encoders")[0] ?? ""),
  );
  const valid = [file.read("spiece_model")];
  return {
    name: "tokenizer",
    share: 1,
    valid,
    mutate: (random) => mutateBytes(random.pick(valid), random, valid),
    run: (input) => {
      tokenizePrompt(new SentencePiece(input), PROMPT);
    },
  };
}
