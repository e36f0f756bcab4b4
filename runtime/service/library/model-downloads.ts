/** All downloads of models. Nothing is fetched that was not asked for: after a restart unfinished ones wait. */
import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { UmbelError } from "#runtime/errors";
import type { Download } from "#runtime/protocol/service-values";
import { containedFolder } from "./contained-path.ts";
import type { LibraryContext } from "./context.ts";
import { DownloadStore } from "./download-store.ts";
import { NO_VERSION } from "./download-transfer.ts";
import { DOWNLOAD_TIMES, ModelDownload } from "./model-download.ts";
import { prepareTarget } from "./model-target.ts";
import { checkModelName } from "./model-names.ts";
import type { WebAccess } from "./web-access.ts";
import { parseWebUrl } from "./web-request.ts";

export interface DownloadRequest {
  readonly url: string;
  readonly folder: string;
  readonly name: string;
  readonly sha256: string | null;
}

const MOST = 100;

export class ModelDownloads implements AsyncDisposable {
  readonly #context: LibraryContext;
  readonly #access: WebAccess;
  readonly #store: DownloadStore;
  readonly #downloads = new Map<string, ModelDownload>();
  #loading: Promise<void> | null = null;

  constructor(context: LibraryContext, access: WebAccess) {
    this.#context = context;
    this.#access = access;
    this.#store = new DownloadStore(context.dataFolder);
  }

  async list(): Promise<Download[]> {
    await this.#load();
    return [...this.#downloads.values()].map(({ report }) => report);
  }

  /** The same download again is the one that there is. Throws ERR_INVALID_ARGUMENT, ERR_DOWNLOAD, ERR_FILE. */
  async start(request: DownloadRequest): Promise<Download> {
    await this.#load();
    const { url, folder, name } = request;
    this.#access.check(parseWebUrl(url));
    const parts = [...checkModelName(folder, name)];
    const sha256 = checkSha256(request.sha256);
    const last = parts.pop() ?? "";
    const place = await containedFolder(await prepareTarget(this.#context, folder), parts);
    const path = join(place, last);
    const same = [...this.#downloads.values()].find(
      (download) => download.path === path && download.state !== "done",
    );
    if (same !== undefined) return this.#again(same, url);
    if ((await stat(path).catch(() => null)) !== null) {
      throw new UmbelError(
        "ERR_FILE",
        `Expected a new name in ${place}, got "${last}", which is there already. Choose another name.`,
      );
    }
    if (this.#downloads.size >= MOST)
      throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected at most ${MOST} downloads, got more.`);
    const kept = { id: randomUUID(), url, folder, name: [...parts, last].join("/"), sha256, path };
    const download = this.#add({ ...kept, version: NO_VERSION, error: null });
    download.start();
    return download.report;
  }

  /** Throws ERR_INVALID_ARGUMENT for one that does not exist. */
  async control(id: string, action: "pause" | "resume" | "cancel"): Promise<void> {
    await this.#load();
    const download = this.#downloads.get(id);
    if (download === undefined)
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected a download, got "${id}", which is gone.`,
      );
    if (action === "pause") await download.pause();
    if (action === "resume") download.start();
    if (action === "cancel") {
      this.#downloads.delete(id);
      await download.cancel();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#save();
    await Promise.all([...this.#downloads.values()].map((download) => download.end()));
  }

  #again(download: ModelDownload, url: string): Download {
    if (download.report.url !== url) {
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected one download of "${download.report.name}", got another from ${download.report.host}. Cancel that first.`,
      );
    }
    download.start();
    return download.report;
  }

  #add(kept: ModelDownload["kept"]): ModelDownload {
    const times = { ...DOWNLOAD_TIMES, ...this.#context.downloadTimes };
    const download = new ModelDownload(kept, times, this.#access, (changed, isLasting) => {
      this.#context.emit({ type: "download", download: changed.report });
      if (isLasting) void this.#save();
      if (changed.state === "done") this.#context.emit({ type: "models" });
    });
    this.#downloads.set(download.id, download);
    return download;
  }

  #load(): Promise<void> {
    this.#loading ??= this.#store.load().then(async (all) => {
      for (const kept of all) await this.#add(kept).measure();
    });
    return this.#loading;
  }

  #save(): Promise<void> {
    const unfinished = [...this.#downloads.values()].filter(({ state }) => state !== "done");
    return this.#store.save(unfinished.map(({ kept }) => kept));
  }
}

function checkSha256(text: string | null): string | null {
  if (text === null) return null;
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected a SHA-256 of 64 digits, got ${JSON.stringify(text.slice(0, 80))}.`,
  );
}
