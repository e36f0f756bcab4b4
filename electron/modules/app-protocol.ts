/** umbel://app/PATH: the page itself, with the policy under which it runs. */
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { containedFile } from "./contained-file.ts";
import { MEDIA_SCHEME, RENDERER_FOLDER } from "./locations.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mp4": "video/mp4",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

/** Styles may stand in the page: components place theirs there. Scripts may not, and nothing comes from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  `img-src 'self' data: blob: ${MEDIA_SCHEME}:`,
  `media-src 'self' blob: ${MEDIA_SCHEME}:`,
  `connect-src 'self' blob: ${MEDIA_SCHEME}:`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export async function appResponse(request: Request): Promise<Response> {
  const { host, pathname } = new URL(request.url);
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const type = TYPES[extname(name)];
  const path = type === undefined ? null : await containedFile(RENDERER_FOLDER, name);
  if (host !== "app" || request.method !== "GET" || type === undefined || path === null) {
    return new Response(null, { status: 404 });
  }
  return new Response(await readFile(path), {
    headers: {
      "content-security-policy": POLICY,
      "content-type": type,
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}
