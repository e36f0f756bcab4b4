/** Options as a filter leaves them, best first, with the letters that matched. */
import fuzzysort from "fuzzysort";

export interface ListedOption {
  readonly value: string | number;
  readonly text: string;
  /** Letters that matched. */
  readonly marks: ReadonlySet<number>;
}

const MOST = 300;
const NO_MARKS: ReadonlySet<number> = new Set();

export function filterOptions(
  options: readonly (string | number)[],
  filter: string,
): readonly ListedOption[] {
  const all = options.map((value) => ({ value, text: String(value) }));
  if (filter.trim() === "")
    return all.slice(0, MOST).map((option) => ({ ...option, marks: NO_MARKS }));
  return fuzzysort
    .go(filter, all, { key: "text", limit: MOST, threshold: 0.2 })
    .map((found) => ({ ...found.obj, marks: new Set(found.indexes) }));
}

/** "wan/style/kodachrome" -> ["wan/style/", "kodachrome"]; without the suffix of weight files. */
export function splitFolder(name: string): readonly [string, string] {
  const at = name.replaceAll("\\", "/").lastIndexOf("/") + 1;
  return [
    name.slice(0, at),
    name.slice(at).replace(/\.(safetensors|gguf|sft|pt|pth|ckpt|bin)$/, ""),
  ];
}
