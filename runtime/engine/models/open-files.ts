import { statSync } from "node:fs";
import { UmbelError } from "#runtime/errors";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import type { TensorFile } from "#runtime/weights/tensor-file";

const MOST = 32;

export interface OpenFile {
  readonly file: TensorFile;
  /** Changes when the file does. */
  readonly stamp: string;
}

/** Checkpoints that were opened, as long as they do not change on disk; headers are then read once. */
export class OpenFiles {
  readonly #files = new Map<string, OpenFile>();

  /** Throws ERR_FILE, ERR_CHECKPOINT. */
  open(path: string): OpenFile {
    const known = this.#files.get(path);
    if (known !== undefined && known.stamp === stampOf(known.file)) return known;
    const file = openCheckpoint(path);
    const opened = { file, stamp: stampOf(file) };
    this.#files.delete(path);
    this.#files.set(path, opened);
    // What is dropped here may still be in use; its mapping goes with the last tensor.
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= MOST) break;
      this.#files.delete(oldest);
    }
    return opened;
  }

  /** Closes all. Tensors that were made from them stay valid. */
  close(): void {
    for (const { file } of this.#files.values()) file[Symbol.dispose]();
    this.#files.clear();
  }
}

function stampOf(file: TensorFile): string {
  const paths = new Set([file.path]);
  for (const { path } of file.tensors.values()) paths.add(path);
  return [...paths].map(stampOfPath).join("|");
}

function stampOfPath(path: string): string {
  try {
    const { size, mtimeMs, ino } = statSync(path);
    return `${path}:${size}:${mtimeMs}:${ino}`;
  } catch (error) {
    throw new UmbelError("ERR_FILE", `Expected a readable file, got none at ${path}.`, {
      cause: error,
    });
  }
}
