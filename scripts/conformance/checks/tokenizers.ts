/** Token ids of texts: cases.json beside a tokenizer.json, or beside a vocabulary and merges. */
import { bpeTokenizer, parseTokenizerJson } from "#runtime/text/bpe-tokenizer";
import { clipTokens } from "#runtime/text/hunyuan-prompt";
import type { Tokenizer } from "#runtime/text/tokenizer";
import { vocabularyJson } from "#runtime/text/vocabulary-json";
import type { Check } from "../check.ts";
import { differing } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { readBytes } from "../golden-file.ts";

interface TextCase {
  readonly text: string;
  readonly ids: readonly number[];
}

interface Cases {
  readonly cases: readonly TextCase[];
  /** Of which an implementation may differ. */
  readonly disputed?: readonly TextCase[];
  /** Filled up with the end token to a length. */
  readonly padded?: readonly TextCase[];
  readonly start?: number;
  readonly end?: number;
}

export const tokenizers: Check = {
  name: "tokenizers",
  computes: false,
  recognises: (folder) =>
    folder.has("cases.json") && (folder.has("tokenizer.json") || folder.has("vocab.json")),

  async run(folder, _bench, cases) {
    const texts = await cases.prepare("cases.json", () => folder.json("cases.json") as Cases);
    const tokenizer = await cases.prepare("tokenizer", () => open(folder));
    if (texts === null || tokenizer === null) return;
    const metric = { name: "differing ids", bound: 0 };
    for (const [i, { text, ids }] of texts.cases.entries()) {
      await cases.measure(`${i}: ${JSON.stringify(text.slice(0, 30))}`, metric, () => {
        const end = texts.end === undefined ? [] : [tokenizer.endId];
        return differing([tokenizer.startId, ...tokenizer.encode(text), ...end], ids);
      });
    }
    for (const { text } of texts.disputed ?? []) {
      cases.notChecked(JSON.stringify(text.slice(0, 30)), "the references differ from each other");
    }
    for (const { text, ids } of texts.padded ?? []) {
      await cases.measure(`padded ${JSON.stringify(text.slice(0, 30))}`, metric, () => {
        const found = [...clipTokens(tokenizer, text)];
        return differing([...found, ...ids.slice(found.length).map(() => tokenizer.endId)], ids);
      });
    }
  },
};

function open(folder: Folder): Tokenizer {
  const text = (name: string) => new TextDecoder().decode(readBytes(folder.file(name)));
  const json = folder.has("tokenizer.json")
    ? text("tokenizer.json")
    : vocabularyJson(text("vocab.json"), text("merges.txt"));
  return bpeTokenizer(parseTokenizerJson(json));
}
