/** The part of a download that is there already. */
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { UmbelError } from "#runtime/errors";
import { fileError } from "./file-error.ts";

const CHUNK = 1 << 20;
const HEAD = 16;

export class PartFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  #hash: Hash | null;
  #size = 0;
  #head = new Uint8Array(0);

  private constructor(path: string, file: FileHandle, hashed: boolean) {
    this.#path = path;
    this.#file = file;
    this.#hash = hashed ? createHash("sha256") : null;
  }

  /** Opens or makes it; what is there is read when a hash is wanted. Throws ERR_FILE, ERR_DISK_FULL, ERR_INTERRUPTED. */
  static async open(path: string, hashed: boolean, signal: AbortSignal): Promise<PartFile> {
    try {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
      const part = new PartFile(path, await open(path, flags, 0o644), hashed);
      try {
        await part.#readBack(signal);
        return part;
      } catch (error) {
        await part[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      throw fileError(error, path);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** The first bytes. */
  get head(): Uint8Array {
    return this.#head;
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#file.write(
          bytes,
          at,
          bytes.length - at,
          this.#size + at,
        );
        at += bytesWritten;
      }
    } catch (error) {
      throw fileError(error, this.#path);
    }
    this.#take(bytes);
  }

  /** Throws away what is there. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#size = 0;
    this.#head = new Uint8Array(0);
    if (this.#hash !== null) this.#hash = createHash("sha256");
  }

  /** Everything is on the disk; its SHA-256 when one was wanted. */
  async finish(): Promise<string | null> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw fileError(error, this.#path);
    }
    return this.#hash?.digest("hex") ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  #take(bytes: Uint8Array): void {
    if (this.#head.length < HEAD)
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, HEAD - this.#head.length)]);
    this.#hash?.update(bytes);
    this.#size += bytes.length;
  }

  async #readBack(signal: AbortSignal): Promise<void> {
    const status = await this.#file.stat();
    if (!status.isFile()) throw new Error("no regular file");
    const buffer = Buffer.alloc(CHUNK);
    const end = this.#hash === null ? Math.min(HEAD, status.size) : status.size;
    while (this.#size < end) {
      if (signal.aborted) throw new UmbelError("ERR_INTERRUPTED", "The download was stopped.");
      const wanted = Math.min(CHUNK, end - this.#size);
      const { bytesRead } = await this.#file.read(buffer, 0, wanted, this.#size);
      if (bytesRead === 0) break;
      this.#take(buffer.subarray(0, bytesRead));
    }
    this.#size = status.size;
  }
}
