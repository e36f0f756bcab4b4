/** umbel-media://PLACE/PATH: results and inputs for the page, by ranges, out of the folders that hold them alone. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { Readable } from "node:stream";
import type { MediaFolders } from "#runtime/protocol/host-messages";
import { byteRange } from "#runtime/protocol/byte-range";
import { containedFile } from "./contained-file.ts";
import { APP_ORIGIN } from "./locations.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".avif": "image/avif",
  ".gif": "image/gif",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".m4v": "video/mp4",
  ".mkv": "video/x-matroska",
  ".mov": "video/quicktime",
  ".mp4": "video/mp4",
  ".png": "image/png",
  ".webm": "video/webm",
  ".webp": "image/webp",
};

const HEADERS = {
  "access-control-allow-origin": APP_ORIGIN,
  "cache-control": "no-cache",
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
};

export async function mediaResponse(
  request: Request,
  folders: MediaFolders | null,
): Promise<Response> {
  const { host, pathname } = new URL(request.url);
  const folder = folders?.[host as keyof MediaFolders];
  const type = TYPES[extname(pathname).toLowerCase()];
  if (request.method !== "GET" && request.method !== "HEAD") return refusal(405);
  if (folder === undefined || type === undefined) return refusal(404);
  const path = await containedFile(folder, decoded(pathname.slice(1)));
  if (path === null) return refusal(404);

  const { size, mtimeMs } = await stat(path);
  const range = byteRange(request.headers.get("range"), size);
  const headers = new Headers({
    ...HEADERS,
    "accept-ranges": "bytes",
    "content-type": type,
    "last-modified": new Date(mtimeMs).toUTCString(),
  });
  if (range === "unsatisfiable") {
    headers.set("content-range", `bytes */${size}`);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  headers.set("content-length", String(end - start + 1));
  if (range !== null) headers.set("content-range", `bytes ${start}-${end}/${size}`);
  const empty = request.method === "HEAD" || size === 0;
  const body = empty ? null : Readable.toWeb(createReadStream(path, { start, end }));
  return new Response(body as ReadableStream<Uint8Array> | null, {
    status: range === null ? 200 : 206,
    headers,
  });
}

function refusal(status: number): Response {
  return new Response(null, { status, headers: HEADERS });
}

/** "" for what cannot be decoded: no file has that name. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}
