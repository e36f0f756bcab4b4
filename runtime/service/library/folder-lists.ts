/** Names in folders of models, listed anew after a while or when models change: a graph that is edited asks often. */
import type { EngineFiles } from "#runtime/engine/files";

const KEPT_MS = 2000;

export class FolderLists {
  readonly #files: () => EngineFiles;
  readonly #lists = new Map<string, { readonly at: number; readonly names: readonly string[] }>();

  constructor(files: () => EngineFiles) {
    this.#files = files;
  }

  /** Input files change with every drop, and are few. Throws ERR_INVALID_ARGUMENT. */
  list(folder: string): readonly string[] {
    const known = this.#lists.get(folder);
    if (known !== undefined && Date.now() - known.at < KEPT_MS) return known.names;
    const names = this.#files().list(folder);
    if (folder !== "input") this.#lists.set(folder, { at: Date.now(), names });
    return names;
  }

  forget(): void {
    this.#lists.clear();
  }
}
