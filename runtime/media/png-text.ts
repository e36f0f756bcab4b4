/** Text chunks of PNG files: reads tEXt, zTXt, iTXt and comf, writes tEXt (JSON made ASCII, as ComfyUI's readers expect). */
import { crc32, inflateSync } from "node:zlib";
import { UmbelError } from "#runtime/errors";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MAX_TEXT = 64 << 20;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  /** Where the chunk ends in the file. */
  readonly end: number;
}

/** Throws ERR_MEDIA when the bytes are not a whole PNG. */
export function readPngText(file: Buffer, name: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const { type, data } of chunks(file, name)) {
    const split = data.indexOf(0);
    if (split < 1) continue;
    const keyword = data.toString("latin1", 0, split);
    // ComfyUI writes animated pictures with a chunk of its own.
    if (type === "tEXt" || type === "comf") tags[keyword] = data.toString("utf8", split + 1);
    else if (type === "zTXt") tags[keyword] = inflate(data.subarray(split + 2), name);
    else if (type === "iTXt") {
      const language = data.indexOf(0, split + 3);
      const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
      if (translated < 0) continue;
      const text = data.subarray(translated + 1);
      tags[keyword] = data[split + 1] === 1 ? inflate(text, name) : text.toString("utf8");
    }
  }
  return tags;
}

/** The PNG with the tags in front of its picture data. Values must be JSON text. */
export function writePngText(file: Buffer, tags: Readonly<Record<string, string>>): Buffer {
  const header = chunks(file, "the picture").next().value;
  if (header === undefined) throw new UmbelError("ERR_MEDIA", "Expected a PNG picture, got none.");
  const texts = Object.entries(tags).map(([keyword, json]) =>
    chunk("tEXt", Buffer.from(`${keyword}\0${asciiJson(json)}`, "latin1")),
  );
  return Buffer.concat([file.subarray(0, header.end), ...texts, file.subarray(header.end)]);
}

/** JSON text in which every character outside ASCII is escaped; it says the same. */
export function asciiJson(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function* chunks(file: Buffer, name: string): Generator<Chunk, undefined> {
  if (!file.subarray(0, 8).equals(SIGNATURE)) {
    throw new UmbelError("ERR_MEDIA", `Expected ${name} to be a PNG picture, got other bytes.`);
  }
  for (let at = 8; at < file.length;) {
    const length = at + 12 <= file.length ? file.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    const end = at + 12 + length;
    if (end > file.length) {
      throw new UmbelError(
        "ERR_MEDIA",
        `Expected ${name} to be a whole PNG picture, got one cut off at byte ${file.length}.`,
      );
    }
    const type = file.toString("latin1", at + 4, at + 8);
    yield { type, data: file.subarray(at + 8, end - 4), end };
    if (type === "IEND") return;
    at = end;
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

function inflate(data: Buffer, name: string): string {
  try {
    return inflateSync(data, { maxOutputLength: MAX_TEXT }).toString("utf8");
  } catch (cause) {
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected readable text in ${name}, got damaged compression.`,
      { cause },
    );
  }
}
