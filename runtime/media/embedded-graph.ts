/** Graphs that results carry: tags of MP4, MOV, WebM, FLAC, Ogg and MP3, text chunks of PNG, EXIF of WebP. */
import { open, type FileHandle } from "node:fs/promises";
import type { Source } from "mediabunny";
import { UmbelError } from "#runtime/errors";
import { readPngText } from "./png-text.ts";
import { readWebpExif } from "./webp-exif.ts";
import { guardedBytes, guardedSource } from "./guarded-source.ts";

const MAX_PICTURE_BYTES = 512 << 20;

/**
 * Tags that hold graphs, by name: `umbel` (our document), `prompt` and `workflow` (ComfyUI's forms), and `comment`, in
 * which ComfyUI-VideoHelperSuite keeps both as JSON; empty when there are none. Throws ERR_FILE, ERR_MEDIA.
 */
export async function readEmbeddedGraph(path: string): Promise<Record<string, string>> {
  const { kind, bytes } = await readHead(path);
  return readTags(kind, bytes, path, () => guardedSource(path));
}

/** The same of a file in memory; `name` is for messages. */
export async function embeddedGraphOf(
  bytes: Uint8Array,
  name: string,
): Promise<Record<string, string>> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readTags(kindOf(file), file, name, () => guardedBytes(bytes, name));
}

type Kind = "png" | "webp" | "container";

async function readTags(
  kind: Kind,
  bytes: Buffer,
  name: string,
  source: () => Promise<Source>,
): Promise<Record<string, string>> {
  const all =
    kind === "png"
      ? readPngText(bytes, name)
      : kind === "webp"
        ? readWebpExif(bytes, name)
        : await readContainerTags(await source(), name);
  const names = ["umbel", "prompt", "workflow", "comment"];
  return Object.fromEntries(Object.entries(all).filter(([tag]) => names.includes(tag)));
}

function kindOf(head: Buffer): Kind {
  if (head.toString("latin1", 1, 4) === "PNG") return "png";
  return head.toString("latin1", 8, 12) === "WEBP" ? "webp" : "container";
}

async function readHead(path: string): Promise<{ kind: Kind; bytes: Buffer }> {
  let handle;
  try {
    handle = await open(path, "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    throw new UmbelError("ERR_FILE", `Expected to read ${path}, got ${code}.`, { cause });
  }
  try {
    const head = Buffer.alloc(16);
    await handle.read(head, 0, 16, 0);
    const kind = kindOf(head);
    if (kind === "container") return { kind, bytes: head };
    const { size } = await handle.stat();
    if (size > MAX_PICTURE_BYTES) {
      throw new UmbelError(
        "ERR_MEDIA",
        `Expected a picture of at most ${MAX_PICTURE_BYTES} bytes in ${path}, got ${size}.`,
      );
    }
    return { kind, bytes: await readWhole(handle, size) };
  } finally {
    await handle.close();
  }
}

async function readContainerTags(source: Source, name: string): Promise<Record<string, string>> {
  const { ALL_FORMATS, Input } = await import("mediabunny");
  const input = new Input({ source, formats: ALL_FORMATS });
  try {
    const { raw = {}, comment } = await input.getMetadataTags();
    // MP3 keeps tags of free names one level below.
    const free: unknown = raw["TXXX"];
    const below = typeof free === "object" ? free : {};
    const own = { ...below, ...raw, ...(comment === undefined ? {} : { comment }) };
    const texts = Object.entries(own).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    );
    // Matroska writers turn tag names into capitals.
    return Object.fromEntries(texts.map(([tag, text]) => [tag.toLowerCase(), text]));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected ${name} to be MP4, WebM, WebP, PNG, FLAC, Ogg or MP3, got a file that cannot be read: ${reason}`,
      { cause },
    );
  } finally {
    input.dispose();
  }
}

async function readWhole(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await handle.read(bytes, 0, size, 0);
  return bytes.subarray(0, bytesRead);
}
