import { UmbelError } from "#runtime/errors";

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Walks the fields of a protocol buffer in file order, unknown ones too; every length is checked against the bytes
 * that are there. One reader can walk many messages without making objects. Throws ERR_TOKENIZER.
 */
export class FieldReader {
  readonly #file: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end = 0;
  #tag = 0;
  #varint = 0;
  #start = 0;

  constructor(file: Uint8Array) {
    this.#file = file;
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  }

  /** Begins with the message that lies between two places of the file. */
  enter(start: number, end: number): void {
    this.#at = start;
    this.#end = end;
  }

  /** Goes to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#at === this.#end) return false;
    this.#tag = this.#readVarint();
    switch (this.wire) {
      case WIRE.varint:
        this.#varint = this.#readVarint();
        break;
      case WIRE.fixed64:
        this.#skip(8);
        break;
      case WIRE.bytes:
        this.#skip(this.#readVarint());
        break;
      case WIRE.fixed32:
        this.#skip(4);
        break;
      default:
        throw new UmbelError(
          "ERR_TOKENIZER",
          `Expected a field, got wire type ${this.wire} at byte ${this.#at}.`,
        );
    }
    return true;
  }

  get number(): number {
    return this.#tag >>> 3;
  }
  get wire(): number {
    return this.#tag & 7;
  }
  /** Low 32 bits of a varint, signed. */
  get varint(): number {
    return this.#varint | 0;
  }
  get float(): number {
    return this.#view.getFloat32(this.#start, true);
  }
  /** Where the field's bytes lie in the file. */
  get start(): number {
    return this.#start;
  }
  get end(): number {
    return this.#at;
  }
  /** View of the field's bytes. */
  get bytes(): Uint8Array {
    return this.#file.subarray(this.#start, this.#at);
  }

  /** At most ten bytes; bits above the 32nd are dropped, as nothing here needs them. */
  #readVarint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      if (this.#at === this.#end) this.#cutOff(1);
      const byte = this.#file[this.#at++] as number;
      if (i < 5) value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value >>> 0;
    }
    throw new UmbelError(
      "ERR_TOKENIZER",
      `Expected a number of at most 10 bytes, got more at byte ${this.#at}.`,
    );
  }

  #skip(bytes: number): void {
    if (bytes > this.#end - this.#at) this.#cutOff(bytes);
    this.#start = this.#at;
    this.#at += bytes;
  }

  #cutOff(bytes: number): never {
    throw new UmbelError(
      "ERR_TOKENIZER",
      `Expected ${bytes} more bytes at byte ${this.#at}, got ${this.#end - this.#at}. The file is cut off or broken.`,
    );
  }
}
