/** Which files may be downloaded, and where they go. */
import { UmbelError } from "#runtime/errors";
import { MODEL_FOLDERS } from "#runtime/engine/model-folders";
import { nameParts } from "./contained-path.ts";

const MODEL_NAME = /\.(safetensors|sft|gguf)$/i;
const HEAD_BYTES = 9;
const MOST_HEADER_BYTES = 100 << 20;

/** Throws ERR_INVALID_ARGUMENT, ERR_FILE. */
export function checkModelName(folder: string, name: string): readonly string[] {
  if (!MODEL_FOLDERS.includes(folder)) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a model folder (${MODEL_FOLDERS.join(", ")}), got ${JSON.stringify(folder.slice(0, 100))}.`,
    );
  }
  const parts = nameParts(name);
  if (MODEL_NAME.test(name) && !parts.some((part) => part.startsWith("."))) return parts;
  throw new UmbelError(
    "ERR_FILE",
    `Expected a name that ends in .safetensors or .gguf, got ${JSON.stringify(name.slice(0, 200))}. Other formats can run code when they are opened.`,
  );
}

/** Throws ERR_DOWNLOAD when the first bytes are no model's; they may be too few to tell. */
export function checkModelHead(head: Uint8Array, name: string, isWhole: boolean): void {
  if (head.length < HEAD_BYTES && !isWhole) return;
  const found = describeHead(Buffer.from(head.buffer, head.byteOffset, head.length), name);
  if (found === null) return;
  throw new UmbelError(
    "ERR_DOWNLOAD",
    `Expected ${/\.gguf$/i.test(name) ? "a GGUF" : "a safetensors"} file, got ${found}. Check the address.`,
  );
}

/** What is wrong with it; null for a model. */
function describeHead(head: Buffer, name: string): string | null {
  const text = head.toString("latin1");
  if (/\.gguf$/i.test(name) && text.startsWith("GGUF")) return null;
  if (!/\.gguf$/i.test(name) && head.length >= HEAD_BYTES) {
    const length = head.readBigUInt64LE(0);
    if (length >= 2n && length <= MOST_HEADER_BYTES && text[8] === "{") return null;
  }
  if (head.length === 0) return "an empty file";
  if (/^\s*</.test(text)) return "a web page";
  if (text.startsWith("version h")) return "a pointer of Git LFS instead of the file";
  if (text.startsWith("PK") || head[0] === 0x80) return "a pickle or an archive";
  if (text.startsWith("GGUF")) return "a GGUF file under another ending";
  return "something else";
}
