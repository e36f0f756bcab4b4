/**
 * JSON for headers of files that nobody vouches for. Unlike JSON.parse it refuses a key that occurs twice and nesting
 * beyond a limit, and objects become maps, so no key is special.
 */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

const MAX_DEPTH = 8;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERALS: readonly (readonly [string, JsonValue])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/** Parses a whole text; `fail` is called with what is wrong and must throw. */
export function parseStrictJson(text: string, fail: (problem: string) => never): JsonValue {
  let position = 0;

  function match(pattern: RegExp): string {
    pattern.lastIndex = position;
    const found = pattern.exec(text)?.[0] ?? "";
    position += found.length;
    return found;
  }
  function unexpected(expected: string): never {
    const found =
      position < text.length ? JSON.stringify(text.slice(position, position + 20)) : "the end";
    return fail(`Expected ${expected} at character ${position} of its JSON, got ${found}`);
  }
  function take(character: string): boolean {
    match(SPACE);
    if (text[position] !== character) return false;
    position++;
    return true;
  }

  function string(): string {
    match(SPACE);
    if (text[position] !== '"') unexpected("a string");
    let end = position;
    let escapes: number;
    do {
      end = text.indexOf('"', end + 1);
      if (end < 0) unexpected("a closed string");
      escapes = 0;
      while (text[end - 1 - escapes] === "\\") escapes++;
    } while (escapes % 2 === 1);
    try {
      const value = JSON.parse(text.slice(position, end + 1)) as string;
      position = end + 1;
      return value;
    } catch {
      return unexpected("a string");
    }
  }

  function object(depth: number): JsonObject {
    const entries = new Map<string, JsonValue>();
    if (take("}")) return entries;
    do {
      const key = string();
      if (entries.has(key)) fail(`Expected each key once, got ${JSON.stringify(key)} twice`);
      if (!take(":")) unexpected('":"');
      entries.set(key, value(depth));
    } while (take(","));
    if (!take("}")) unexpected('"," or "}"');
    return entries;
  }

  function array(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    if (take("]")) return items;
    do items.push(value(depth));
    while (take(","));
    if (!take("]")) unexpected('"," or "]"');
    return items;
  }

  function value(depth: number): JsonValue {
    if (depth > MAX_DEPTH) fail(`Expected at most ${MAX_DEPTH} levels of JSON, got more`);
    if (take("{")) return object(depth + 1);
    if (take("[")) return array(depth + 1);
    if (text[position] === '"') return string();
    const number = match(NUMBER);
    if (number !== "") return Number(number);
    for (const [word, result] of LITERALS) {
      if (text.startsWith(word, position)) {
        position += word.length;
        return result;
      }
    }
    return unexpected("a value");
  }

  const result = value(0);
  match(SPACE);
  if (position < text.length) unexpected("the end");
  return result;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}
