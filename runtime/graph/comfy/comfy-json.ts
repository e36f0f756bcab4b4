/**
 * JSON as ComfyUI's files use it: integers up to 2^64 - 1 are numbers there. Those that a double cannot hold are carried
 * as `{ "$integer": digits }`, so that text of digits stays text.
 */
import { isObject, parseJson, type Json } from "#runtime/graph/json";

export type JsonObject = { readonly [key: string]: Json };

const STRING_OR_NUMBER_WORD = /"(?:\\.|[^"\\])*"|-?\b(?:NaN|Infinity)\b/g;

/** Throws ERR_DOCUMENT. NaN and infinities, which Python writes, become null. */
export function parseComfyJson(text: string, what = "a ComfyUI workflow"): Json {
  const source = text.replace(STRING_OR_NUMBER_WORD, (token) =>
    token.startsWith('"') ? token : "null",
  );
  return parseJson(source, what, (digits) => `{"$integer":"${digits}"}`);
}

/** Two-space JSON with the integers as numbers again. */
export function formatComfyJson(value: Json): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(/\{\s*"\$integer": "(-?\d+)"\s*\}/g, "$1")}\n`;
}

/** The same on one line, as results carry it. */
export function compactComfyJson(value: Json): string {
  return JSON.stringify(value).replace(/\{"\$integer":"(-?\d+)"\}/g, "$1");
}

export function integer(digits: string): Json {
  return { $integer: digits };
}

/** The digits when the value is a carried integer. */
export function digitsOf(value: Json): string | null {
  const digits = isObject(value) ? value["$integer"] : undefined;
  return typeof digits === "string" ? digits : null;
}

/** Carried integers as documents write them. */
export function plain(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const digits = digitsOf(value);
  if (digits !== null) return digits;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** Ids are numbers or text; null for anything else. */
export function idOf(value: Json | undefined): string | null {
  if (typeof value === "number" || (typeof value === "string" && value !== "")) return `${value}`;
  return value === undefined ? null : digitsOf(value);
}

/** A record that inherits nothing: names in it may be any. */
export function record<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** Equal as JSON; the order of keys does not matter. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    const [first, second] = [listOf(a), listOf(b)];
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      first.length === second.length &&
      first.every((item, i) => sameJson(item, second[i]))
    );
  }
  const [first, second] = [objectOf(a), objectOf(b)];
  const keys = Object.keys(first);
  return (
    keys.length === Object.keys(second).length &&
    keys.every((key) => Object.hasOwn(second, key) && sameJson(first[key], second[key]))
  );
}

/** An object that is no carried integer. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return isObject(value) && !("$integer" in value);
}

/** Text and numbers as text; "" for anything else. */
export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : typeof value === "number" ? `${value}` : "";
}
