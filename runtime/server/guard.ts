/**
 * Who may talk to the server. Web pages of other sites are kept out by the Host and Origin headers (a name that was
 * rebound to this machine is not in the list), forms of other sites by asking for JSON, strangers by the token.
 * Modelled on the ways in that ComfyUI had: CVE-2025-67303, CVE-2026-22777, GHSA-5xxr-jvhm-jxmj, CVE-2024-10099.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { Refusal } from "./refusal.ts";

export interface Access {
  /** Names by which clients may call the server, with port where it is not the scheme's own; lower case. */
  readonly hosts: ReadonlySet<string>;
  /** Further origins whose pages may use it. */
  readonly origins: ReadonlySet<string>;
  /** Asked for with every request; null: nobody is asked (loopback only). */
  readonly token: string | null;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** `token` of the query string: for a page's first request and for WebSockets of clients that cannot set headers. */
  readonly queryToken: string | undefined;
}

export const TOKEN_COOKIE = "umbel_token";
const CHANGING = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Throws Refusal. */
export function checkAccess(asked: Asked, access: Access): void {
  checkHost(asked, access);
  checkOrigin(asked, access);
  checkBodyType(asked);
  checkToken(asked, access);
}

function checkHost({ headers }: Asked, { hosts }: Access): void {
  const host = headers.host?.toLowerCase();
  if (host !== undefined && hosts.has(host)) return;
  throw new Refusal(
    403,
    "host_refused",
    `Expected a Host of ${[...hosts].join(", ")}, got ${host ?? "none"}. Start the server with --host-name to allow another.`,
  );
}

function checkOrigin({ headers }: Asked, { hosts, origins }: Access): void {
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  if (origin === undefined) {
    if (site !== "cross-site" || headers["sec-fetch-mode"] === "navigate") return;
    throw new Refusal(
      403,
      "origin_refused",
      "Expected a request of this site, got one of another.",
    );
  }
  if (origins.has(origin) || hosts.has(hostOf(origin) ?? "")) return;
  throw new Refusal(
    403,
    "origin_refused",
    `Expected a page of this server, got one of ${origin}. Start the server with --allow-origin to let it in.`,
  );
}

function hostOf(origin: string): string | null {
  try {
    const url = new URL(origin);
    return url.protocol === "http:" || url.protocol === "https:" ? url.host : null;
  } catch {
    return null;
  }
}

/** A form of another site can send text, URL-encoded or multipart bodies without asking; JSON it cannot. */
function checkBodyType({ method, path, headers }: Asked): void {
  if (!CHANGING.has(method)) return;
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  const empty =
    headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
  // Some clients send JSON under the type that their HTTP library gives to any text.
  if (type === "text/plain" && isProgram(headers)) return;
  if (type === "application/json" || empty || headers["content-length"] === "0") return;
  if (type === "multipart/form-data" && isUpload(path)) {
    // Browsers name the origin of every form they send; programs name none.
    return;
  }
  if (type === "application/octet-stream" && takesBytes(path)) return;
  throw new Refusal(
    415,
    "content_type_refused",
    `Expected application/json${isUpload(path) ? " or multipart/form-data" : ""}, got ${type || "no content type"}.`,
  );
}

/** No browser: those name the origin, the page or the kind of every request that may change something. */
function isProgram(headers: IncomingHttpHeaders): boolean {
  const marks = ["origin", "referer", "cookie", "sec-fetch-site"];
  return marks.every((name) => headers[name] === undefined);
}

function isUpload(path: string): boolean {
  return /^(\/api)?\/upload\//.test(path);
}

/** Files of the user, and calls of the editor's page. */
function takesBytes(path: string): boolean {
  return /^(\/api)?\/(v2\/)?userdata\//.test(path) || path.startsWith("/umbel/");
}

function checkToken({ headers, queryToken }: Asked, { token }: Access): void {
  if (token === null) return;
  const given = [bearer(headers.authorization), cookie(headers.cookie), queryToken];
  if (given.some((candidate) => candidate !== undefined && same(candidate, token))) return;
  throw new Refusal(
    401,
    "token_missing",
    "Expected the server's token as `Authorization: Bearer <token>`, as a cookie or as ?token=, got none that fits.",
  );
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer (\S+)$/i.exec(header ?? "")?.[1];
}

function cookie(header: string | undefined): string | undefined {
  for (const part of (header ?? "").split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === TOKEN_COOKIE) return value;
  }
  return undefined;
}

/** In a time that does not tell how much of it was right. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

export function isLoopback(address: string): boolean {
  if (address === "localhost") return true;
  const plain = address.replace(/^\[|\]$/g, "");
  return isIP(plain) !== 0 && (plain === "::1" || plain.startsWith("127."));
}

/** Host headers by which a server at this address is called. */
export function hostNames(
  address: string,
  port: number,
  extra: readonly string[] = [],
): Set<string> {
  const bare = address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
  const names = isLoopback(address) ? ["localhost", "127.0.0.1", "[::1]", bare] : [bare];
  const all = [...names, ...extra].map((name) => name.toLowerCase());
  const withPort = (name: string) =>
    /:\d+$/.test(name) ? [name] : [`${name}:${port}`, ...(port === 80 ? [name] : [])];
  return new Set(all.flatMap(withPort));
}
