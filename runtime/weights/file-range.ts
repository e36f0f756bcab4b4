import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { UmbelError } from "#runtime/errors";

/** A file open for reading ranges. Throws ERR_FILE for what is missing, unreadable or no regular file. */
export interface RangeReader extends Disposable {
  readonly size: number;
  /** Copies bytes out; throws ERR_FILE when the file has fewer. */
  read(offset: number, bytes: number): Uint8Array<ArrayBuffer>;
}

export function openRanges(path: string): RangeReader {
  const descriptor = withFileErrors(path, () => openSync(path, "r"));
  try {
    const status = withFileErrors(path, () => fstatSync(descriptor));
    if (!status.isFile()) {
      throw new UmbelError("ERR_FILE", `Expected a file, got ${path}, which is not one.`);
    }
    return {
      size: status.size,
      read: (offset, bytes) => readRange(descriptor, path, offset, bytes),
      [Symbol.dispose]: () => closeSync(descriptor),
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function readRange(
  descriptor: number,
  path: string,
  offset: number,
  bytes: number,
): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(bytes);
  let filled = 0;
  while (filled < bytes) {
    const count = withFileErrors(path, () =>
      readSync(descriptor, buffer, filled, bytes - filled, offset + filled),
    );
    if (count === 0) {
      throw new UmbelError(
        "ERR_FILE",
        `Expected bytes ${offset} to ${offset + bytes} of ${path}, got the end at ${offset + filled}.`,
      );
    }
    filled += count;
  }
  return buffer;
}

function withFileErrors<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new UmbelError("ERR_FILE", `Expected a readable file, got ${code} for ${path}.`, {
      cause: error,
    });
  }
}
