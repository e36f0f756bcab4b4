/**
 * One entry a change of the document format, never edited after its release: entry n turns version n into n + 1.
 * Version 1 is the first.
 */
import { UmbelError } from "#runtime/errors";
import type { Json } from "./json.ts";

type JsonObject = { readonly [key: string]: Json };

export interface Migration {
  /** Version that it reads. */
  readonly from: number;
  readonly summary: string;
  apply(document: JsonObject): JsonObject;
}

export const MIGRATIONS: readonly Migration[] = [];

/** Brings a document to `target`. Throws ERR_DOCUMENT for a version from the future or one that is none. */
export function migrate(
  document: JsonObject,
  target: number,
  migrations: readonly Migration[] = MIGRATIONS,
): JsonObject {
  const version = document["umbel"];
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) {
    throw new UmbelError(
      "ERR_DOCUMENT",
      `Expected a document version of 1 to ${target}, got ${JSON.stringify(version)}.`,
    );
  }
  if (version > target) {
    throw new UmbelError(
      "ERR_DOCUMENT",
      `Expected a document of version ${target} or older, got ${version}. It was saved by a newer Umbel: update to open it.`,
    );
  }
  let current = document;
  for (const migration of migrations) {
    if (migration.from < version) continue;
    current = { ...migration.apply(current), umbel: migration.from + 1 };
  }
  return current;
}
