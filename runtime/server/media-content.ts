/** What a file is by its first bytes, so that a page is not kept under a picture's name. */
import { open } from "node:fs/promises";

const text = (bytes: Buffer, at: number, length: number): string =>
  bytes.subarray(at, at + length).toString("latin1");

const SIGNATURES: Readonly<Record<string, (head: Buffer) => boolean>> = {
  png: (head) => text(head, 1, 3) === "PNG",
  jpg: (head) => head[0] === 0xff && head[1] === 0xd8,
  gif: (head) => text(head, 0, 4) === "GIF8",
  webp: (head) => text(head, 0, 4) === "RIFF" && text(head, 8, 4) === "WEBP",
  wav: (head) => text(head, 0, 4) === "RIFF" && text(head, 8, 4) === "WAVE",
  mp4: (head) =>
    text(head, 4, 4) === "ftyp" || text(head, 4, 4) === "moov" || text(head, 4, 4) === "mdat",
  webm: (head) => head.readUInt32BE(0) === 0x1a45dfa3,
  mp3: (head) =>
    text(head, 0, 3) === "ID3" || (head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0),
  flac: (head) => text(head, 0, 4) === "fLaC",
  ogg: (head) => text(head, 0, 4) === "OggS",
};

const SAME: Readonly<Record<string, string>> = {
  jpeg: "jpg",
  mov: "mp4",
  avif: "mp4",
  mkv: "webm",
};

export async function isMediaFile(path: string, name: string): Promise<boolean> {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  const fits = SIGNATURES[SAME[extension] ?? extension];
  if (fits === undefined) return false;
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(16);
    await file.read(head, 0, 16, 0);
    return fits(head);
  } finally {
    await file.close();
  }
}
