/** What a file is, by its first bytes. */
export type FileKind = "png" | "jpeg" | "webp" | "gif" | "mp4" | "webm";

/** Brands of MP4's kin that are pictures. */
const PICTURE_BRANDS = ["avif", "avis", "heic", "heix", "mif1", "msf1"];

/** Needs 12 bytes; null for anything but pictures and clips. */
export function fileKind(head: Uint8Array): FileKind | null {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(16, head.length)).toString(
    "latin1",
  );
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (text.startsWith("\xff\xd8\xff")) return "jpeg";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "webp";
  if (/^GIF8[79]a/.test(text)) return "gif";
  if (text.startsWith("\x1a\x45\xdf\xa3")) return "webm";
  if (text.slice(4, 8) === "ftyp" && !PICTURE_BRANDS.includes(text.slice(8, 12))) return "mp4";
  return null;
}
