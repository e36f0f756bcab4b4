/**
 * Calls and events over HTTP and WebSocket: JSON whose byte arrays stand behind it, uncopied and unencoded.
 * A message is u32 length of the JSON (little-endian), the JSON (UTF-8), then the bytes; in the JSON an array of bytes is
 * {"$bytes": [offset, length]}. Everything else is plain JSON (undefined is left out).
 */
import { UmbelError } from "#runtime/errors";

/** Node and browsers have both; the types of this project know neither. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean },
) => { decode(bytes: Uint8Array): string };

const HEAD = 4;
const MARK = "$bytes";

export function encodeWire(value: unknown): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (!(item instanceof Uint8Array)) return item;
    const place = [offset, item.byteLength];
    parts.push(item);
    offset += item.byteLength;
    return { [MARK]: place };
  });
  const json = new TextEncoder().encode(text ?? "null");
  const message = new Uint8Array(HEAD + json.length + offset);
  new DataView(message.buffer).setUint32(0, json.length, true);
  message.set(json, HEAD);
  let at = HEAD + json.length;
  for (const part of parts) {
    message.set(part, at);
    at += part.byteLength;
  }
  return message;
}

/** Byte arrays are views of the message. Throws ERR_INVALID_ARGUMENT. */
export function decodeWire(message: Uint8Array): unknown {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const length = message.byteLength >= HEAD ? view.getUint32(0, true) : -1;
  const start = HEAD + length;
  if (length < 0 || start > message.byteLength) throw damaged("its length does not fit");
  const bytes = message.subarray(start);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(message.subarray(HEAD, start));
  } catch {
    throw damaged("its text is no UTF-8");
  }
  try {
    return JSON.parse(text, (_key, item: unknown) => {
      const place = placeOf(item);
      if (place === null) return item;
      const [offset, size] = place;
      if (offset + size > bytes.length) throw damaged("bytes are missing");
      return bytes.subarray(offset, offset + size);
    });
  } catch (cause) {
    if (cause instanceof UmbelError) throw cause;
    throw damaged("its text is no JSON");
  }
}

function placeOf(item: unknown): readonly [number, number] | null {
  if (typeof item !== "object" || item === null || !Object.hasOwn(item, MARK)) return null;
  const place = (item as Record<string, unknown>)[MARK];
  if (!Array.isArray(place) || place.length !== 2) return null;
  const [offset, size] = place as readonly unknown[];
  const isPlace = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  return isPlace(offset) && isPlace(size) ? [offset, size] : null;
}

function damaged(why: string): UmbelError {
  return new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected a message of Umbel's, got one that is damaged: ${why}.`,
  );
}
