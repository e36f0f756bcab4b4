/** Which window shows which file, and what other programs do to those files meanwhile. */
import { unwatchFile, watchFile } from "node:fs";
import { currentVersion } from "./file-access.ts";

const LOOK_EVERY_MS = 700;

export interface ShownFilesEvents {
  readonly changed: (window: number, path: string, version: string | null) => void;
  readonly shared: (window: number, path: string, shared: boolean) => void;
}

interface Shown {
  /** Window -> the version it knows. */
  readonly windows: Map<number, string | null>;
  readonly look: () => void;
  /** Saves of our own under way: what is on the disk meanwhile is nobody's news. */
  saves: number;
}

export class ShownFiles {
  readonly #events: ShownFilesEvents;
  readonly #files = new Map<string, Shown>();

  constructor(events: ShownFilesEvents) {
    this.#events = events;
  }

  /** Whether another window shows the file too. */
  claim(window: number, path: string, version: string | null): boolean {
    const shown = this.#files.get(path) ?? this.#watch(path);
    const isNew = !shown.windows.has(window);
    shown.windows.set(window, version);
    if (isNew && shown.windows.size === 2) this.#tellOthers(path, shown, window, true);
    return shown.windows.size > 1;
  }

  release(window: number, path: string): void {
    const shown = this.#files.get(path);
    if (shown === undefined || !shown.windows.delete(window)) return;
    if (shown.windows.size === 1) this.#tellOthers(path, shown, window, false);
    if (shown.windows.size > 0) return;
    unwatchFile(path, shown.look);
    this.#files.delete(path);
  }

  /** All of a window that is closed or has loaded its page anew. */
  releaseAll(window: number): void {
    for (const path of this.#files.keys()) this.release(window, path);
  }

  /** While `save` runs: afterwards its window knows what the file holds, and the others are told. */
  async saving<T extends { version: string | null }>(
    window: number,
    path: string,
    save: () => Promise<T>,
  ): Promise<T> {
    const shown = this.#files.get(path);
    if (shown === undefined) return save();
    shown.saves++;
    try {
      const outcome = await save();
      if (shown.windows.has(window)) shown.windows.set(window, outcome.version);
      return outcome;
    } finally {
      shown.saves--;
      shown.look();
    }
  }

  other(window: number, path: string): number | null {
    const windows = this.#files.get(path)?.windows.keys() ?? [];
    return [...windows].find((id) => id !== window) ?? null;
  }

  #watch(path: string): Shown {
    const shown: Shown = { windows: new Map(), saves: 0, look: () => void this.#look(path, shown) };
    // By polling: it works on network drives and where a program replaces the file instead of writing to it.
    watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, shown.look);
    // The polling compares with what its first look finds: what changed before that would be missed.
    setTimeout(shown.look, LOOK_EVERY_MS).unref();
    this.#files.set(path, shown);
    return shown;
  }

  async #look(path: string, shown: Shown): Promise<void> {
    const version = await currentVersion(path).catch(() => null);
    if (shown.saves > 0) return;
    for (const [window, known] of shown.windows) {
      if (known === version) continue;
      shown.windows.set(window, version);
      this.#events.changed(window, path, version);
    }
  }

  #tellOthers(path: string, shown: Shown, window: number, shared: boolean): void {
    for (const other of shown.windows.keys()) {
      if (other !== window) this.#events.shared(other, path, shared);
    }
  }
}
