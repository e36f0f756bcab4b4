/** The files behind open graphs: which bytes each was read or saved as, who else shows it, who else has written it. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { SaveOutcome } from "#runtime/protocol/desktop-contract";
import type { Shell } from "../client/shell.ts";
import type { Documents } from "./documents.ts";

export interface FileLink {
  /** Of the bytes that the graph here knows; null: not known. */
  readonly version: string | null;
  /** Another window shows the file too. */
  readonly shared: boolean;
  /** Another program has written or removed it. */
  readonly changed: "written" | "removed" | null;
}

export interface FileLinks {
  /** By path. */
  readonly store: StoreApi<{ readonly links: Readonly<Record<string, FileLink>> }>;
  /** A file was read: call it before its graph is opened. */
  opened(path: string, version: string | null): void;
  /** Saves what a path's graph is now; refused when another program has written the file, unless `anyway`. */
  save(path: string, data: Uint8Array<ArrayBuffer>, anyway?: boolean): Promise<SaveOutcome>;
  /** The user keeps what is here: the next save writes over the file. */
  keep(path: string): void;
  markChanged(path: string, how: "written" | "removed"): void;
  stop(): void;
}

const FRESH: FileLink = { version: null, shared: false, changed: null };

export function createFileLinks(shell: Shell, documents: Documents): FileLinks {
  const store = createStore<{ readonly links: Readonly<Record<string, FileLink>> }>(() => ({
    links: {},
  }));
  const change = (path: string, by: Partial<FileLink>) =>
    store.setState(({ links }) => ({
      links: { ...links, [path]: { ...(links[path] ?? FRESH), ...by } },
    }));
  const claimed = new Set<string>();

  /** Without a claim a file can be saved all the same; only news of it are missing. */
  function claim(path: string): void {
    claimed.add(path);
    const { version } = store.getState().links[path] ?? FRESH;
    shell.claim(path, version).then((shared) => change(path, { shared }), console.error);
  }

  function release(path: string): void {
    claimed.delete(path);
    store.setState(({ links }) => {
      const { [path]: _gone, ...others } = links;
      return { links: others };
    });
    shell.release(path).catch(console.error);
  }

  const stops = [
    documents.store.subscribe((state, before) => {
      if (state.open === before.open) return;
      const paths = new Set(Object.values(state.open).flatMap(({ path }) => path ?? []));
      for (const path of paths) if (!claimed.has(path)) claim(path);
      for (const path of claimed) if (!paths.has(path)) release(path);
    }),
    shell.on("shared", (path, shared) => change(path, { shared })),
    shell.on("changed", (path, version) => {
      if (!claimed.has(path) || version === store.getState().links[path]?.version) return;
      change(path, { changed: version === null ? "removed" : "written" });
    }),
  ];

  return {
    store,
    opened: (path, version) => change(path, { version, changed: null }),
    async save(path, data, anyway = false) {
      const link = store.getState().links[path] ?? FRESH;
      const outcome = await shell.save(path, data, anyway ? null : link.version);
      if (outcome.state === "saved") change(path, { version: outcome.version, changed: null });
      else change(path, { changed: outcome.version === null ? "removed" : "written" });
      return outcome;
    },
    markChanged: (path, changed) => change(path, { changed }),
    keep: (path) => change(path, { version: null, changed: null }),
    stop: () => stops.forEach((stop) => stop()),
  };
}
