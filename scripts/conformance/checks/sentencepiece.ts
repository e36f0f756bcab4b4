/** Token ids of texts: cases.json beside a sentencepiece model. */
import { SentencePiece } from "#runtime/text/sentencepiece";
import type { Check } from "../check.ts";
import { differing } from "../compare.ts";
import { readBytes } from "../golden-file.ts";

interface TextCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly pieces?: readonly string[];
}

export const sentencepiece: Check = {
  name: "sentencepiece",
  computes: false,
  recognises: (folder) =>
    folder.has("cases.json") && folder.files.some((file) => file.endsWith(".model")),

  async run(folder, _bench, cases) {
    const texts = await cases.prepare("cases.json", () => folder.json("cases.json") as TextCase[]);
    for (const file of folder.files.filter((name) => name.endsWith(".model"))) {
      const tokenizer = await cases.prepare(
        file,
        () => new SentencePiece(readBytes(folder.file(file))),
      );
      if (tokenizer === null) continue;
      for (const [i, { text, ids, pieces }] of (texts ?? []).entries()) {
        const name = `${file} ${i}: ${JSON.stringify(text.slice(0, 30))}`;
        await cases.measure(name, { name: "differing ids and pieces", bound: 0 }, () => {
          const found = tokenizer.encode(text);
          const spelled = Array.from(found, (id) => tokenizer.piece(id));
          return differing(found, ids) + (pieces === undefined ? 0 : differing(spelled, pieces));
        });
      }
    }
  },
};
