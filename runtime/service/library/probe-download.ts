/** What a download would fetch: asked with as little as the host allows. */
import { isUmbelError, UmbelError } from "#runtime/errors";
import type { WebAccess } from "./web-access.ts";
import {
  networkReason,
  parseWebUrl,
  refusePage,
  requestWeb,
  statusError,
  type WebResponse,
} from "./web-request.ts";

const PATIENCE_MS = 20_000;

export interface Probe {
  readonly host: string;
  readonly name: string;
  readonly bytes: number | null;
}

/** Throws ERR_INVALID_ARGUMENT, ERR_DOWNLOAD. */
export async function probeDownload(
  text: string,
  access: WebAccess,
  signal?: AbortSignal,
): Promise<Probe> {
  const url = parseWebUrl(text);
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const wanted = signal === undefined ? patience : AbortSignal.any([patience, signal]);
  try {
    const head = await requestWeb(url, { method: "HEAD", headers: {}, signal: wanted, access });
    if (head.ok) return describe(head, url);
    // Some hosts and signed addresses know GET alone.
    const headers = { range: "bytes=0-0" };
    const first = await requestWeb(url, { method: "GET", headers, signal: wanted, access });
    await first.body?.cancel();
    return describe(first, url);
  } catch (error) {
    if (isUmbelError(error)) throw error;
    const reason = patience.aborted ? "no answer in time" : networkReason(error);
    throw new UmbelError("ERR_DOWNLOAD", `Expected an answer of ${url.host}, got ${reason}.`, {
      cause: error,
    });
  }
}

function describe(response: WebResponse, url: URL): Probe {
  const failure = statusError(response, url.host);
  if (failure !== null) throw failure;
  refusePage(response, url.host);
  const { headers } = response;
  const range = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const length = response.status === 206 ? range : (headers.get("content-length") ?? undefined);
  const isPlain = headers.get("content-encoding") === null;
  const bytes = isPlain && length !== undefined && /^\d+$/.test(length) ? Number(length) : null;
  const name = nameOf(headers.get("content-disposition")) ?? lastPart(url.pathname);
  return { host: url.host, name, bytes };
}

function nameOf(disposition: string | null): string | null {
  const encoded = /filename\*\s*=\s*utf-8''([^;]+)/i.exec(disposition ?? "")?.[1];
  const plain = /filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(disposition ?? "");
  const name = encoded === undefined ? (plain?.[1] ?? plain?.[2]) : decoded(encoded);
  return name === undefined || name === "" ? null : lastPart(name);
}

function lastPart(path: string): string {
  return (
    decoded(path)
      .split(/[/\\]/)
      .at(-1)
      ?.replaceAll(/\p{Cc}/gu, "") ?? ""
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
