/** One connection of a download: appends to the part what the host sends. */
import { isUmbelError, UmbelError } from "#runtime/errors";
import { checkModelHead } from "./model-names.ts";
import type { PartFile } from "./part-file.ts";
import type { WebAccess } from "./web-access.ts";
import {
  isHopeless,
  networkReason,
  refusePage,
  requestWeb,
  statusError,
  type WebHeaders,
  type WebResponse,
} from "./web-request.ts";

/** What the host calls the version of the file that the part belongs to. */
export interface Version {
  /** A strong ETag or a date, for If-Range; null: the part cannot be gone on with. */
  readonly validator: string | null;
  readonly total: number | null;
}

export const NO_VERSION: Version = { validator: null, total: null };

export interface Transfer {
  readonly url: URL;
  readonly name: string;
  readonly part: PartFile;
  readonly version: Version;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  readonly access: WebAccess;
  /** The host has answered: `version` is the file that now flows. Throws when it does not fit on the disk. */
  readonly onVersion: (version: Version) => Promise<void>;
  readonly onBytes: (count: number) => void;
}

export type Outcome =
  | { readonly type: "done" }
  /** The connection was lost or the host is busy. */
  | { readonly type: "again"; readonly reason: string; readonly afterMs: number };

const BUSY = [408, 425, 429, 500, 502, 503, 504];
const MOST_PATIENCE_MS = 60_000;

/** Throws ERR_DOWNLOAD, ERR_FILE, ERR_DISK_FULL where trying again does not help, ERR_INTERRUPTED. */
export async function transfer(wanted: Transfer): Promise<Outcome> {
  const stall = new Stall(wanted.stallMs);
  const signal = AbortSignal.any([wanted.signal, stall.signal]);
  try {
    const response = await requestWeb(wanted.url, {
      method: "GET",
      headers: resumeHeaders(wanted),
      signal,
      access: wanted.access,
    });
    return await receive(wanted, response, stall);
  } catch (error) {
    if (wanted.signal.aborted) throw new UmbelError("ERR_INTERRUPTED", "The download was stopped.");
    if (isUmbelError(error)) throw error;
    const reason = stall.signal.aborted ? "nothing for a while" : networkReason(error);
    if (!isHopeless(error)) return { type: "again", reason, afterMs: 0 };
    throw new UmbelError(
      "ERR_DOWNLOAD",
      `Expected a safe connection to ${wanted.url.host}, got ${reason}.`,
      { cause: error },
    );
  } finally {
    stall.end();
  }
}

function resumeHeaders({ part, version }: Transfer): Record<string, string> {
  if (part.size === 0 || version.validator === null) return {};
  return { range: `bytes=${part.size}-`, "if-range": version.validator };
}

async function receive(wanted: Transfer, response: WebResponse, stall: Stall): Promise<Outcome> {
  const { part, url, name } = wanted;
  if (BUSY.includes(response.status)) {
    await response.body?.cancel();
    const seconds = Number(response.headers.get("retry-after") ?? 0);
    const afterMs = Number.isFinite(seconds) ? Math.min(seconds * 1000, MOST_PATIENCE_MS) : 0;
    return { type: "again", reason: `status ${response.status}`, afterMs };
  }
  if (response.status === 416) return outOfRange(wanted, response);
  const failure = statusError(response, url.host);
  if (failure !== null) {
    await response.body?.cancel();
    throw failure;
  }
  try {
    refusePage(response, url.host);
    const version = await startAt(wanted, response);
    if (version === null) return { type: "again", reason: "another file than before", afterMs: 0 };
    await wanted.onVersion(version);
    for await (const bytes of response.body ?? []) {
      stall.reset();
      await part.append(bytes);
      checkModelHead(part.head, name, false);
      wanted.onBytes(bytes.length);
    }
    if (version.total !== null && part.size < version.total)
      return { type: "again", reason: "a cut connection", afterMs: 0 };
    return { type: "done" };
  } catch (error) {
    await response.body?.cancel().catch(() => undefined);
    throw error;
  }
}

/** The version that flows, with the part cut to where it begins; null when the host sends another place of the file. */
async function startAt(
  { part, version }: Transfer,
  response: WebResponse,
): Promise<Version | null> {
  const { headers } = response;
  if (response.status !== 206) {
    await part.restart();
    const length = Number(headers.get("content-length") ?? Number.NaN);
    const isPlain = headers.get("content-encoding") === null;
    return { validator: validatorOf(headers), total: isPlain && length >= 0 ? length : null };
  }
  const [, first, size] =
    /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  const total = size === undefined || size === "*" ? version.total : Number(size);
  const isSame =
    Number(first) === part.size &&
    (version.total === null || total === version.total) &&
    (headers.get("etag") === null || validatorOf(headers) === version.validator);
  if (isSame) return { validator: version.validator, total };
  // Begin anew: no Range is asked for when nothing is there.
  await part.restart();
  await response.body?.cancel();
  return null;
}

/** The part has every byte already, or the file has become shorter. */
async function outOfRange({ part, version }: Transfer, response: WebResponse): Promise<Outcome> {
  await response.body?.cancel();
  if (part.size > 0 && part.size === version.total) return { type: "done" };
  await part.restart();
  return { type: "again", reason: "another file than before", afterMs: 0 };
}

/** Weak ETags do not promise equal bytes. */
function validatorOf(headers: WebHeaders): string | null {
  const tag = headers.get("etag");
  if (tag !== null && tag.startsWith('"')) return tag;
  return headers.get("last-modified");
}

/** Aborts when nothing comes for a while. */
class Stall {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  reset(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
