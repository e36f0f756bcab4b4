/** Files opened or saved lately, newest first. */
import { app } from "electron";
import { basename, join } from "node:path";
import { z } from "zod";
import { recentFile, type RecentFile } from "#runtime/protocol/desktop-contract";
import { StoredValue } from "./stored-value.ts";

const MOST = 30;

export class Recents {
  readonly #stored: StoredValue<RecentFile[]>;

  constructor(dataFolder: string) {
    this.#stored = new StoredValue(join(dataFolder, "recents.json"), z.array(recentFile), []);
  }

  get files(): readonly RecentFile[] {
    return this.#stored.value;
  }

  async add(path: string): Promise<void> {
    const others = this.files.filter((file) => file.path !== path);
    const entry = { path, name: basename(path), opened: Date.now() };
    app.addRecentDocument(path);
    await this.#stored.set([entry, ...others].slice(0, MOST));
  }

  async remove(path: string): Promise<void> {
    await this.#stored.set(this.files.filter((file) => file.path !== path));
  }

  async clear(): Promise<void> {
    app.clearRecentDocuments();
    await this.#stored.set([]);
  }
}
