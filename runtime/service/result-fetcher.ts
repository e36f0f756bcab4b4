/** Results that workers brought to a storage, fetched into their folder when somebody asks for them. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isUmbelError } from "#runtime/errors";
import { containedFolder, nameParts } from "#runtime/service/library/contained-path";
import type { FilePlace } from "./result-places.ts";
import { resultKey, type ResultStorage } from "./storage/result-storage.ts";

export class ResultFetcher {
  readonly #storage: ResultStorage | null;
  readonly #foldersOf: (place: FilePlace) => readonly string[];
  /** Under way: many may ask for one at a time. */
  readonly #fetches = new Map<string, Promise<void>>();

  constructor(storage: ResultStorage | null, foldersOf: (place: FilePlace) => readonly string[]) {
    this.#storage = storage;
    this.#foldersOf = foldersOf;
  }

  /** Does nothing for a file that is there, that is not stored, or whose name no result has. Throws ERR_STORAGE. */
  async bring({
    place,
    path,
  }: {
    readonly place: FilePlace;
    readonly path: string;
  }): Promise<void> {
    const storage = this.#storage;
    if (storage === null || place === "input") return;
    const parts = partsOf(path);
    const folders = this.#foldersOf(place);
    const [folder] = folders;
    // What begins so is Umbel's own.
    if (parts === null || folder === undefined || parts[0] === ".umbel") return;
    if (folders.some((root) => existsSync(join(root, ...parts)))) return;
    const key = resultKey({ place, path: parts.join("/") });
    const fetch = this.#fetches.get(key) ?? fetchResult(storage, key, folder, parts);
    this.#fetches.set(key, fetch);
    try {
      await fetch;
    } finally {
      this.#fetches.delete(key);
    }
  }
}

async function fetchResult(
  storage: ResultStorage,
  key: string,
  folder: string,
  parts: readonly string[],
): Promise<void> {
  const temporary = join(folder, `.umbel-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    if (!(await storage.get(key, temporary))) return;
    const target = await containedFolder(folder, parts.slice(0, -1));
    await rename(temporary, join(target, parts.at(-1) ?? ""));
  } finally {
    await rm(temporary, { force: true });
  }
}

function partsOf(path: string): readonly string[] | null {
  try {
    return nameParts(path);
  } catch (error) {
    if (isUmbelError(error)) return null;
    throw error;
  }
}
