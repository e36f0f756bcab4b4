/** Requests for downloads: http and https only, few redirects, never a credential. */
import { fetch, type Headers, type Response } from "undici";
import { isUmbelError, UmbelError } from "#runtime/errors";
import type { WebAccess } from "./web-access.ts";
import { webUrl } from "./web-url.ts";

const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

export interface WebRequest {
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly access: WebAccess;
}

export type WebResponse = Response;
export type WebHeaders = Headers;

/** Throws ERR_INVALID_ARGUMENT. */
export function parseWebUrl(text: string): URL {
  const url = webUrl(text);
  if (url !== null) return url;
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected an address that begins with https:// or http://, without a user name, got ${JSON.stringify(text.slice(0, 200))}.`,
  );
}

/** The answer at the end of all redirects. Throws ERR_DOWNLOAD for those that lead nowhere safe, else what fetch throws. */
export async function requestWeb(start: URL, request: WebRequest): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const { method, signal, access } = request;
    const dispatcher = access.dispatcher(url);
    // Compressed content would have other lengths and ranges.
    const headers = { ...request.headers, "accept-encoding": "identity" };
    const how = { method, signal, headers, redirect: "manual" as const };
    const response = await fetch(
      url,
      dispatcher === undefined ? how : { ...how, dispatcher },
    ).catch(refusedByAccess);
    const location = response.headers.get("location");
    if (!REDIRECTS.includes(response.status) || location === null) return response;
    await response.body?.cancel();
    url = follow(url, location);
  }
  throw new UmbelError(
    "ERR_DOWNLOAD",
    `Expected a file at ${start.host}, got more than ${MOST_REDIRECTS} redirects. Use the address of the file itself.`,
  );
}

/** What was refused while connecting is no failure of the network. */
function refusedByAccess(error: unknown): never {
  const { cause } = error as { cause?: unknown };
  throw isUmbelError(cause) ? cause : error;
}

function follow(from: URL, location: string): URL {
  const next = URL.canParse(location, from.href) ? webUrl(new URL(location, from).href) : null;
  if (next !== null && !(from.protocol === "https:" && next.protocol === "http:")) return next;
  throw new UmbelError(
    "ERR_DOWNLOAD",
    `Expected a redirect to a safe address, got one from ${from.host} to ${JSON.stringify(location.slice(0, 100))}.`,
  );
}

/** Why no connection came about or why it ended, in words. */
export function networkReason(error: unknown): string {
  const cause = (error as { cause?: unknown } | null)?.cause ?? error;
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string" && Object.hasOwn(REASONS, code)) return REASONS[code] ?? code;
  return typeof code === "string" ? code : String(message ?? error);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such host or no network",
  EAI_AGAIN: "no network",
  ECONNREFUSED: "a refused connection",
  ECONNRESET: "a cut connection",
  UND_ERR_SOCKET: "a cut connection",
  UND_ERR_CONNECT_TIMEOUT: "no answer in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  ETIMEDOUT: "no answer in time",
};

/** Trying again does not help against these. */
export function isHopeless(error: unknown): boolean {
  const code = (error as { cause?: { code?: unknown } } | null)?.cause?.code;
  return typeof code === "string" && /CERT|TLS|SSL|SIGNED|ERR_INVALID/.test(code);
}

/** The answer's status as an error; null when it is one to go on with. */
export function statusError(response: Response, host: string): UmbelError | null {
  const { status } = response;
  if (response.ok) return null;
  const hint =
    status === 401 || status === 403
      ? "The host wants a login or its terms accepted: get the file with a browser and put it into its folder."
      : status === 404 || status === 410
        ? "There is no such file (any more): look for it on the page of the model."
        : "Try again later.";
  return new UmbelError(
    "ERR_DOWNLOAD",
    `Expected a file at ${host}, got status ${status}. ${hint}`,
  );
}

/** Throws ERR_DOWNLOAD for a page instead of a file. */
export function refusePage(response: Response, host: string): void {
  const type = response.headers.get("content-type") ?? "";
  if (!/^(text\/html|application\/xhtml)/i.test(type)) return;
  throw new UmbelError(
    "ERR_DOWNLOAD",
    `Expected a model file at ${host}, got a web page. Open the address in a browser: it may ask for a login, or be the page about the model.`,
  );
}
