/** One download: from its address to a whole, checked file under its name. */
import { link, mkdir, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toUmbelError, UmbelError, type ErrorRecord } from "#runtime/errors";
import { checkWhole } from "#runtime/engine/inspect-file";
import type { Download } from "#runtime/protocol/service-values";
import type { KeptDownload } from "./download-store.ts";
import { transfer, type Version } from "./download-transfer.ts";
import { fileError } from "./file-error.ts";
import { checkModelHead } from "./model-names.ts";
import { PartFile } from "./part-file.ts";
import { Speed } from "./speed.ts";
import type { WebAccess } from "./web-access.ts";
import { parseWebUrl } from "./web-request.ts";

export interface DownloadTimes {
  /** Before the first new attempt; doubles with each that brings nothing. */
  readonly retryMs: number;
  readonly attempts: number;
  /** A connection that brings nothing for so long is given up. */
  readonly stallMs: number;
  readonly reportMs: number;
}

export const DOWNLOAD_TIMES: DownloadTimes = {
  retryMs: 1000,
  attempts: 6,
  stallMs: 30_000,
  reportMs: 250,
};

type State = Download["state"];

export class ModelDownload {
  readonly id: string;
  readonly #kept: Omit<KeptDownload, "version" | "error">;
  readonly #times: DownloadTimes;
  readonly #access: WebAccess;
  readonly #changed: (download: ModelDownload, isLasting: boolean) => void;
  readonly #speed = new Speed();
  #version: Version;
  #state: State = "paused";
  #received = 0;
  #error: ErrorRecord | null;
  #told = 0;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** `changed` hears of every change; lasting ones are to be kept. */
  constructor(
    { version, error, ...kept }: KeptDownload,
    times: DownloadTimes,
    access: WebAccess,
    changed: (download: ModelDownload, isLasting: boolean) => void,
  ) {
    this.id = kept.id;
    this.#kept = kept;
    this.#version = version;
    // A later version may have written a code of its own.
    this.#error = error as ErrorRecord | null;
    this.#times = times;
    this.#access = access;
    this.#changed = changed;
    if (error !== null) this.#state = "failed";
  }

  get kept(): KeptDownload {
    const error = this.#state === "failed" ? this.#error : null;
    return { ...this.#kept, version: this.#version, error };
  }

  get state(): State {
    return this.#state;
  }

  get path(): string {
    return this.#kept.path;
  }

  get report(): Download {
    const { id, url, folder, name, sha256 } = this.#kept;
    return {
      id,
      url,
      host: parseWebUrl(url).host,
      folder,
      name,
      state: this.#state,
      received: this.#received,
      total: this.#version.total,
      bytesPerSecond: this.#state === "running" ? this.#speed.bytesPerSecond : 0,
      sha256,
      error: this.#error,
    };
  }

  /** After a restart: how much of it is there. */
  async measure(): Promise<void> {
    this.#received = await stat(this.#partPath).then(
      ({ size }) => size,
      () => 0,
    );
  }

  start(): void {
    if (this.#state === "running" || this.#state === "done" || this.#state === "cancelled") return;
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#set("running", null);
    const before = this.#running;
    this.#running = before.then(() => this.#run(signal)).catch(() => undefined);
  }

  async pause(): Promise<void> {
    if (this.#state !== "running") return;
    this.#set("paused", null);
    await this.#stop();
  }

  /** Takes away what is there of an unfinished file. */
  async cancel(): Promise<void> {
    const wasDone = this.#state === "done";
    this.#set("cancelled", null);
    await this.#stop();
    if (!wasDone) await rm(this.#partPath, { force: true });
  }

  /** Ends the work, as a restart will find it. */
  async end(): Promise<void> {
    await this.#stop();
  }

  get #partPath(): string {
    return `${this.#kept.path}.part`;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      await mkdir(dirname(this.#kept.path), { recursive: true });
      await this.#fetch(signal);
      if (signal.aborted) return;
      this.#set("done", null);
    } catch (error) {
      if (signal.aborted) return;
      this.#set("failed", toUmbelError(error).toJSON());
    }
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const { name, sha256 } = this.#kept;
    let digest: string | null;
    {
      await using part = await PartFile.open(this.#partPath, sha256 !== null, signal);
      await this.#receive(part, signal);
      checkModelHead(part.head, name, true);
      digest = await part.finish();
    }
    if (sha256 !== null && digest !== sha256) throw await this.#setAside(sha256, digest ?? "");
    await this.#check();
    await this.#publish();
  }

  /** Connects until everything is there, or until nothing comes any more. */
  async #receive(part: PartFile, signal: AbortSignal): Promise<void> {
    const { url, name } = this.#kept;
    const { attempts, retryMs, stallMs } = this.#times;
    for (let failures = 0; ;) {
      const before = part.size;
      this.#received = part.size;
      const outcome = await transfer({
        url: parseWebUrl(url),
        name,
        part,
        version: this.#version,
        stallMs,
        signal,
        access: this.#access,
        onVersion: (version) => this.#begin(version, part.size),
        onBytes: () => this.#progress(part.size),
      });
      this.#received = part.size;
      if (outcome.type === "done") return;
      failures = part.size > before ? 1 : failures + 1;
      const words = `Expected the rest of ${name} from ${parseWebUrl(url).host}, got ${outcome.reason}.`;
      if (failures >= attempts) {
        throw new UmbelError(
          "ERR_DOWNLOAD",
          `${words} What came is kept: resume when the network is back.`,
        );
      }
      this.#set("running", { code: "ERR_DOWNLOAD", message: `${words} It is tried again.` });
      const wait = Math.max(retryMs * 2 ** (failures - 1), outcome.afterMs);
      await sleep(wait, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw new UmbelError("ERR_INTERRUPTED", "The download was stopped.");
    }
  }

  async #begin(version: Version, there: number): Promise<void> {
    this.#version = version;
    this.#received = there;
    this.#set("running", null);
    if (version.total === null) return;
    const { bavail, bsize } = await statfs(dirname(this.#kept.path));
    const free = bavail * bsize;
    const needed = version.total - there;
    if (needed <= free) return;
    throw new UmbelError(
      "ERR_DISK_FULL",
      `Expected ${gigabytes(needed)} free in ${dirname(this.#kept.path)}, got ${gigabytes(free)}. Free some space or choose another folder, then resume.`,
    );
  }

  #progress(size: number): void {
    this.#speed.add(size - this.#received);
    this.#received = size;
    const now = Date.now();
    if (now - this.#told < this.#times.reportMs) return;
    this.#told = now;
    this.#changed(this, false);
  }

  /** What came is not what was promised: nobody shall load it by mistake, nor lose it. */
  async #setAside(expected: string, found: string): Promise<UmbelError> {
    await rename(this.#partPath, `${this.#kept.path}.wrong`);
    this.#received = 0;
    this.#version = { validator: null, total: null };
    const brief = (hash: string): string => `${hash.slice(0, 4)}...`;
    return new UmbelError(
      "ERR_DOWNLOAD",
      `Expected ${brief(expected)}, got ${brief(found)}. The file was set aside. Get it again.`,
    );
  }

  /** A host that says no length may have stopped in the middle. */
  async #check(): Promise<void> {
    if (!/\.(safetensors|sft)$/i.test(this.#kept.name)) return;
    try {
      checkWhole(this.#partPath);
    } catch (cause) {
      const { message } = toUmbelError(cause);
      await rename(this.#partPath, `${this.#kept.path}.wrong`);
      this.#received = 0;
      this.#version = { validator: null, total: null };
      throw new UmbelError(
        "ERR_DOWNLOAD",
        `Expected a whole file, got a damaged one (${message.replace(`${this.#partPath}: `, "")}). The file was set aside. Get it again.`,
        { cause },
      );
    }
  }

  /** Never replaces a file that has got the name meanwhile. */
  async #publish(): Promise<void> {
    const { path } = this.#kept;
    try {
      await link(this.#partPath, path).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") throw error;
        // A file system without hard links.
        if (await stat(path).catch(() => null)) throw new Error("a file of that name");
        await rename(this.#partPath, path);
      });
      await rm(this.#partPath, { force: true });
    } catch (error) {
      throw fileError(error, path);
    }
  }

  #set(state: State, error: ErrorRecord | null): void {
    this.#state = state;
    this.#error = error;
    this.#told = Date.now();
    this.#changed(this, true);
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
