import type { BufferSource, FilePathSource } from "mediabunny";
import { UmbelError } from "#runtime/errors";

const MOST_REPEATS = 1000;
/** Ranges that are remembered; a search that never ends asks for a few. */
const MOST_RANGES = 4096;

type Read = (start: number, end: number, ...rest: unknown[]) => unknown;

/**
 * A file for mediabunny's readers. In mediabunny 1.61 the search for the next element of a damaged WebM never ends when
 * 8 bytes are left to search, and goes to and fro between two places of others; asking for the same bytes again and again
 * is taken as that and fails with ERR_MEDIA.
 */
export async function guardedSource(path: string): Promise<FilePathSource> {
  const { FilePathSource } = await import("mediabunny");
  return guard(new FilePathSource(path), path);
}

/** The same for a file in memory; `name` is for messages. */
export async function guardedBytes(bytes: Uint8Array, name: string): Promise<BufferSource> {
  const { BufferSource } = await import("mediabunny");
  return guard(new BufferSource(bytes), name);
}

function guard<S extends FilePathSource | BufferSource>(source: S, name: string): S {
  // `_read` is internal to the library; without it there is no guard, which the fuzz campaign would show.
  const internal = source as unknown as { _read?: Read };
  const read = internal._read?.bind(source);
  if (read === undefined) return source;
  const times = new Map<string, number>();
  internal._read = (start, end, ...rest) => {
    const range = `${start} ${end}`;
    const repeats = (times.get(range) ?? 0) + 1;
    if (times.size >= MOST_RANGES) times.clear();
    times.set(range, repeats);
    if (repeats > MOST_REPEATS) {
      throw new UmbelError("ERR_MEDIA", `Expected a whole video in ${name}, got a damaged one.`);
    }
    return read(start, end, ...rest);
  };
  return source;
}
