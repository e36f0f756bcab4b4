import { checkpointError } from "./checkpoint-error.ts";
import type { RangeReader } from "./file-range.ts";

const WINDOW = 2 ** 20;

/**
 * Reads the head of a GGUF file in order. Every count is held against the bytes that are left before anything is
 * reserved. Throws ERR_CHECKPOINT.
 */
export class GgufCursor {
  readonly path: string;
  readonly #file: RangeReader;
  #position = 0;
  #window: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #windowStart = 0;

  constructor(path: string, file: RangeReader) {
    this.path = path;
    this.#file = file;
  }

  get position(): number {
    return this.#position;
  }
  get left(): number {
    return this.#file.size - this.#position;
  }

  fail(problem: string): never {
    throw checkpointError(this.path, problem);
  }

  /** A count of things that take at least `least` bytes each. */
  count(what: string, least: number): number {
    return this.checked(this.u64(what), what, least);
  }

  /** `count` as a number, unless so many things of `least` bytes each do not fit into what is left. */
  checked(count: bigint, what: string, least: number): number {
    if (count * BigInt(least) <= BigInt(this.left)) return Number(count);
    return this.fail(
      `Expected ${what} that fits into the ${this.left} bytes left, got ${count}: the file is cut off or damaged`,
    );
  }

  bytes(count: number, what: string): Uint8Array<ArrayBuffer> {
    if (count > this.left) {
      this.fail(
        `Expected ${count} bytes of ${what}, got the end of the file after ${this.left}: it is cut off`,
      );
    }
    const from = this.#position;
    this.#position += count;
    if (count > WINDOW) return this.#file.read(from, count);
    const inside =
      from >= this.#windowStart && from + count <= this.#windowStart + this.#window.length;
    if (!inside) {
      this.#window = this.#file.read(from, Math.min(WINDOW, this.#file.size - from));
      this.#windowStart = from;
    }
    return this.#window.slice(from - this.#windowStart, from - this.#windowStart + count);
  }

  view(count: number, what: string): DataView {
    return new DataView(this.bytes(count, what).buffer);
  }
  u32(what: string): number {
    return this.view(4, what).getUint32(0, true);
  }
  u64(what: string): bigint {
    return this.view(8, what).getBigUint64(0, true);
  }

  /** UTF-8 behind its length. */
  string(what: string): string {
    const bytes = this.bytes(this.count(`a length of ${what}`, 1), what);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.fail(`Expected ${what} in UTF-8, got other bytes`);
    }
  }
}
