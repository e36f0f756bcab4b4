/** Files that were opened or saved lately, newest first. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { RecentFile } from "#runtime/protocol/desktop-contract";
import type { Shell } from "../client/shell.ts";
import type { Documents, DocumentsState } from "./documents.ts";

export interface Recents {
  readonly store: StoreApi<{ readonly files: readonly RecentFile[] }>;
  load(): Promise<void>;
  stop(): void;
}

export function createRecents(shell: Shell, documents: Documents): Recents {
  const store = createStore<{ readonly files: readonly RecentFile[] }>(() => ({ files: [] }));
  async function load(): Promise<void> {
    try {
      store.setState({ files: await shell.recents() });
    } catch {
      // A list that cannot be read offers nothing.
    }
  }
  const paths = ({ open }: DocumentsState) =>
    Object.values(open)
      .map(({ path }) => path)
      .join("\n");
  void load();
  return {
    store,
    load,
    stop: documents.store.subscribe((now, before) => {
      if (now.open !== before.open && paths(now) !== paths(before)) void load();
    }),
  };
}
