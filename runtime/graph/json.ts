/** JSON as documents use it: 64-bit integers survive, and the text that comes out is stable. */
import { UmbelError } from "#runtime/errors";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

const MAX_DEPTH = 200;
const STRING_OR_LONG_INTEGER = /"(?:\\.|[^"\\])*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/**
 * Parses JSON; integers that a double cannot hold become strings of their digits (which is how documents write them),
 * or the JSON that `longInteger` makes of the digits. Throws ERR_DOCUMENT with the position.
 */
export function parseJson(
  text: string,
  what = "a document",
  longInteger: (digits: string) => string = (digits) => `"${digits}"`,
): Json {
  const source = (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).replace(
    STRING_OR_LONG_INTEGER,
    (token) =>
      token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : longInteger(token),
  );
  let value: Json;
  try {
    value = JSON.parse(source) as Json;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UmbelError(
      "ERR_DOCUMENT",
      `Expected ${what} as JSON, got text that is not: ${reason}.`,
      {
        cause,
      },
    );
  }
  if (depthOf(value, 0) > MAX_DEPTH) {
    throw new UmbelError(
      "ERR_DOCUMENT",
      `Expected ${what} nested at most ${MAX_DEPTH} deep, got more. The file is damaged or hostile.`,
    );
  }
  return value;
}

function depthOf(value: Json, depth: number): number {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return depth;
  let deepest = depth;
  for (const item of Object.values(value)) {
    const d = depthOf(item as Json, depth + 1);
    if (d > deepest) deepest = d;
  }
  return deepest;
}

export function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Two-space JSON in which objects and arrays that fit on one line stand on one line, so that a link is one line of a diff. */
export function formatJson(value: Json, width = 100): string {
  return `${format(value, "", width)}\n`;
}

function format(value: Json, indent: string, width: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const flat = inline(value);
  if (indent.length + flat.length <= width) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => inner + format(item, inner, width));
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value).map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${format(item, inner, width)}`,
  );
  return `{\n${entries.join(",\n")}\n${indent}}`;
}

function inline(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  const entries = Object.entries(value).map(
    ([k, v]) => `${JSON.stringify(k)}: ${inline(v as Json)}`,
  );
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
