/**
 * Sentencepiece's precompiled character map: a Darts double-array trie from source strings to places in a pool of
 * zero-terminated replacements. Every index is checked, since the map comes out of a file.
 */
import { UmbelError } from "#runtime/errors";

export interface Replacement {
  /** Bytes of the input that it stands for. */
  readonly length: number;
  readonly text: Uint8Array;
}

export class CharacterMap {
  readonly #units: Uint32Array;
  readonly #pool: Uint8Array;

  /** Layout: trie size in bytes (uint32), trie, pool. Throws ERR_TOKENIZER. */
  constructor(blob: Uint8Array) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    const trieBytes = blob.length < 4 ? Infinity : view.getUint32(0, true);
    if (trieBytes % 4 !== 0 || trieBytes > blob.length - 4) {
      throw new UmbelError(
        "ERR_TOKENIZER",
        `Expected a character map with its trie inside ${blob.length} bytes, got a trie of ${trieBytes}.`,
      );
    }
    this.#units = new Uint32Array(new Uint8Array(blob.subarray(4, 4 + trieBytes)).buffer);
    this.#pool = blob.subarray(4 + trieBytes);
  }

  /** Replacement of the longest source string that the input has at `start`; null when there is none. */
  longest(input: Uint8Array, start: number): Replacement | null {
    let found: Replacement | null = null;
    let node = offsetOf(this.#units[0] ?? 0);
    for (let at = start; at < input.length; at++) {
      const byte = input[at] as number;
      node = (node ^ byte) >>> 0;
      const unit = this.#units[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) break;
      node = (node ^ offsetOf(unit)) >>> 0;
      if ((unit & 0x100) === 0) continue;
      const place = this.#units[node];
      if (place === undefined) break;
      found = { length: at + 1 - start, text: this.#textAt(place & 0x7fffffff) };
    }
    return found;
  }

  #textAt(place: number): Uint8Array {
    const end = this.#pool.indexOf(0, place);
    return this.#pool.subarray(place, end === -1 ? this.#pool.length : end);
  }
}

function offsetOf(unit: number): number {
  return ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;
}
