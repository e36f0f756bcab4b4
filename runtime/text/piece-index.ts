import { UmbelError } from "#runtime/errors";
import type { PieceTable } from "./sentencepiece-model.ts";

/** Differs a process, so that no file can be made whose pieces all fall into one slot. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 1;
const PRIME = 0x01000193;

/**
 * Finds the pieces that a text has at a place. One open-addressed table of whole pieces, asked once for each length
 * that occurs, with the hash carried on from length to length: a quarter of a million pieces are entered in some
 * 50 ms, which a trie does not reach.
 */
export class PieceIndex {
  readonly #table: PieceTable;
  /** id + 1; 0 is an empty slot. */
  readonly #slots: Int32Array;
  /** Lengths that occur, ascending. */
  readonly #lengths: Int32Array;

  /** Enters the pieces with these ids. Throws ERR_TOKENIZER when one occurs twice. */
  constructor(table: PieceTable, ids: Int32Array) {
    this.#table = table;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * ids.length + 2)));
    const lengths = new Set<number>();
    for (const id of ids) {
      this.#enter(id);
      lengths.add((table.ends[id] as number) - (table.starts[id] as number));
    }
    this.#lengths = Int32Array.from(lengths).sort();
  }

  /** Calls back for each piece that begins at `start`, short ones first. */
  matches(text: Uint8Array, start: number, found: (end: number, id: number) => void): void {
    let hash = SEED;
    let end = start;
    for (const length of this.#lengths) {
      if (start + length > text.length) break;
      for (; end < start + length; end++) hash = mix(hash, text[end] as number);
      const id = this.#find(hash, text, start, end);
      if (id !== -1) found(end, id);
    }
  }

  #enter(id: number): void {
    const { file, starts, ends } = this.#table;
    const [start, end] = [starts[id] as number, ends[id] as number];
    let hash = SEED;
    for (let i = start; i < end; i++) hash = mix(hash, file[i] as number);
    const slot = this.#slot(hash, file, start, end);
    if (this.#slots[slot] !== 0) {
      const text = JSON.stringify(this.#table.text(id));
      throw new UmbelError(
        "ERR_TOKENIZER",
        `Expected each piece once, got ${text} again at ${id}.`,
      );
    }
    this.#slots[slot] = id + 1;
  }

  #find(hash: number, text: Uint8Array, start: number, end: number): number {
    return (this.#slots[this.#slot(hash, text, start, end)] as number) - 1;
  }

  /** The slot that holds these bytes, or the empty one where they belong. */
  #slot(hash: number, text: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const id = (this.#slots[slot] as number) - 1;
      if (id === -1 || this.#equals(id, text, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #equals(id: number, text: Uint8Array, start: number, end: number): boolean {
    const { file, starts, ends } = this.#table;
    const from = starts[id] as number;
    if ((ends[id] as number) - from !== end - start) return false;
    for (let i = start; i < end; i++) {
      if (text[i] !== file[from + i - start]) return false;
    }
    return true;
  }
}

/** FNV-1a. */
function mix(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, PRIME);
}
