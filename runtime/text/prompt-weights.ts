/** ComfyUI's prompt weights: (word) is 1.1 times, (word:1.3) is 1.3, nested ones multiply, \( and \) are plain. */
import { UmbelError } from "#runtime/errors";

export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

const PER_PARENTHESES = 1.1;
const DEEPEST = 500;
/** Stand for escaped parentheses while the text is taken apart. */
const OPEN = "\0\x02";
const CLOSE = "\0\x01";

/** Pieces of a prompt, in order, each with its weight. Throws ERR_INVALID_ARGUMENT when nested absurdly deep. */
export function parseWeights(prompt: string): WeightedText[] {
  const escaped = prompt.replaceAll("\\)", CLOSE).replaceAll("\\(", OPEN);
  return weigh(escaped, 1, 0).map(({ text, weight }) => ({
    text: text.replaceAll(CLOSE, ")").replaceAll(OPEN, "("),
    weight,
  }));
}

function weigh(text: string, weight: number, depth: number): WeightedText[] {
  if (depth > DEEPEST) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected at most ${DEEPEST} nested parentheses in a prompt, got more. Escape them as \\( and \\).`,
    );
  }
  return splitGroups(text).flatMap((group) => {
    if (group.length < 2 || !group.startsWith("(") || !group.endsWith(")"))
      return [{ text: group, weight }];
    const inner = group.slice(1, -1);
    const colon = inner.lastIndexOf(":");
    const given = colon > 0 ? parseNumber(inner.slice(colon + 1)) : null;
    return given === null
      ? weigh(inner, weight * PER_PARENTHESES, depth + 1)
      : weigh(inner.slice(0, colon), given, depth + 1);
  });
}

/** Outermost parentheses with their content, and what lies between them. */
function splitGroups(text: string): string[] {
  const groups: string[] = [];
  let start = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") {
      if (depth++ === 0) {
        if (i > start) groups.push(text.slice(start, i));
        start = i;
      }
    } else if (text[i] === ")") {
      if (--depth === 0) {
        groups.push(text.slice(start, i + 1));
        start = i + 1;
      }
    }
  }
  if (start < text.length) groups.push(text.slice(start));
  return groups;
}

/** A number as Python's float() reads it, but no infinity. */
function parseNumber(text: string): number | null {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+)?$/i.test(trimmed)) return null;
  const value = Number(trimmed.replaceAll("_", ""));
  return Number.isFinite(value) ? value : null;
}
