/**
 * Graphs in WebP files, as ComfyUI writes them: EXIF IFD0 strings "key:value", `prompt` in 0x0110 (Model), the others
 * from 0x010F (Make) downwards.
 */
import { UmbelError } from "#runtime/errors";
import { asciiJson } from "./png-text.ts";

const MODEL = 0x0110;
const MAKE = 0x010f;
const ASCII = 2;
const EXIF_FLAG = 0x08;
const MAX_ENTRIES = 512;

interface RiffChunk {
  readonly type: string;
  readonly start: number;
  readonly size: number;
}

/** Throws ERR_MEDIA when the bytes are not a whole WebP. */
export function readWebpExif(file: Buffer, name: string): Record<string, string> {
  const exif = riffChunks(file, name).find((chunk) => chunk.type === "EXIF");
  if (exif === undefined) return {};
  let tiff = file.subarray(exif.start, exif.start + exif.size);
  if (tiff.toString("latin1", 0, 6) === "Exif\0\0") tiff = tiff.subarray(6);
  const tags: Record<string, string> = {};
  for (const text of ifdStrings(tiff)) {
    const split = text.indexOf(":");
    if (split > 0) tags[text.slice(0, split)] = text.slice(split + 1);
  }
  return tags;
}

/** The WebP with the tags as its EXIF part. Only extended files (VP8X: all animations) can carry one. */
export function writeWebpExif(file: Buffer, tags: Readonly<Record<string, string>>): Buffer {
  const extended = riffChunks(file, "the picture").find((chunk) => chunk.type === "VP8X");
  if (extended === undefined)
    throw new UmbelError("ERR_MEDIA", "Expected an extended WebP, got a plain one.");
  const exif = tiffOf(tags);
  const padded = exif.length + (exif.length % 2);
  const out = Buffer.alloc(file.length + 8 + padded);
  file.copy(out);
  out[extended.start] = (out[extended.start] as number) | EXIF_FLAG;
  out.write("EXIF", file.length, "latin1");
  out.writeUInt32LE(exif.length, file.length + 4);
  exif.copy(out, file.length + 8);
  out.writeUInt32LE(out.length - 8, 4);
  return out;
}

function riffChunks(file: Buffer, name: string): RiffChunk[] {
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WEBP") {
    throw new UmbelError("ERR_MEDIA", `Expected ${name} to be a WebP picture, got other bytes.`);
  }
  const found: RiffChunk[] = [];
  for (let at = 12; at + 8 <= file.length;) {
    const size = file.readUInt32LE(at + 4);
    if (at + 8 + size > file.length) {
      throw new UmbelError(
        "ERR_MEDIA",
        `Expected ${name} to be a whole WebP picture, got one cut off at byte ${file.length}.`,
      );
    }
    found.push({ type: file.toString("latin1", at, at + 4), start: at + 8, size });
    at += 8 + size + (size % 2);
  }
  return found;
}

/** ASCII strings of the first image file directory; damaged entries are left out. */
function ifdStrings(tiff: Buffer): string[] {
  const order = tiff.toString("latin1", 0, 2);
  if (tiff.length < 8 || (order !== "II" && order !== "MM")) return [];
  const little = order === "II";
  const u16 = (at: number): number => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number): number => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const ifd = u32(4);
  if (ifd + 2 > tiff.length) return [];
  const texts: string[] = [];
  for (let i = 0; i < Math.min(u16(ifd), MAX_ENTRIES); i++) {
    const entry = ifd + 2 + i * 12;
    if (entry + 12 > tiff.length) break;
    if (u16(entry + 2) !== ASCII) continue;
    const count = u32(entry + 4);
    const at = count <= 4 ? entry + 8 : u32(entry + 8);
    if (at + count <= tiff.length)
      texts.push(tiff.toString("utf8", at, at + count).replace(/\0+$/, ""));
  }
  return texts;
}

function tiffOf(tags: Readonly<Record<string, string>>): Buffer {
  let next = MAKE;
  const entries = Object.entries(tags)
    .map(([key, json]) => ({
      tag: key === "prompt" ? MODEL : next--,
      text: Buffer.from(`${key}:${asciiJson(json)}\0`, "latin1"),
    }))
    .toSorted((a, b) => a.tag - b.tag);
  let data = 8 + 2 + entries.length * 12 + 4;
  const out = Buffer.alloc(entries.reduce((size, entry) => size + entry.text.length, data));
  out.write("II", 0, "latin1");
  out.writeUInt16LE(42, 2);
  out.writeUInt32LE(8, 4);
  out.writeUInt16LE(entries.length, 8);
  entries.forEach(({ tag, text }, i) => {
    const at = 10 + i * 12;
    out.writeUInt16LE(tag, at);
    out.writeUInt16LE(ASCII, at + 2);
    out.writeUInt32LE(text.length, at + 4);
    if (text.length <= 4) text.copy(out, at + 8);
    else {
      out.writeUInt32LE(data, at + 8);
      text.copy(out, data);
      data += text.length;
    }
  });
  return out;
}
