/** A short text that tells one JSON value from another; the order of keys does not matter. */
import type { Json } from "#runtime/graph/json";

export function fingerprint(value: Json): string {
  const text = canonical(value);
  // Two FNV-1a hashes of 32 bits with different starts.
  return [0x811c9dc5, 0x01000193].map((start) => hash(text, start)).join("");
}

function hash(text: string, start: number): string {
  let state = start;
  for (let i = 0; i < text.length; i++)
    state = Math.imul(state ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return state.toString(16).padStart(8, "0");
}

function canonical(value: Json | undefined): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonical).join(",")}]`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item as Json)}`).join(",")}}`;
}
