/** Model files that are there, those that the graph in front lacks, and downloads. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { Download, MissingModel, ModelFile } from "#runtime/protocol/service-values";
import type { Documents } from "./documents.ts";

export interface ModelFilesState {
  readonly files: readonly ModelFile[];
  /** Of the graph in front. */
  readonly missing: readonly MissingModel[];
  readonly downloads: readonly Download[];
  readonly loaded: boolean;
}

export interface ModelFiles {
  readonly store: StoreApi<ModelFilesState>;
  load(): Promise<void>;
  receive(event: ServiceEvent): void;
  /** Follows the document in front until the returned function is called. */
  watch(): () => void;
}

const DELAY_MS = 400;

export function createModelFiles(client: RuntimeClient, documents: Documents): ModelFiles {
  const store = createStore<ModelFilesState>(() => ({
    files: [],
    missing: [],
    downloads: [],
    loaded: false,
  }));
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function findMissing(): Promise<void> {
    const document = documents.active()?.document;
    if (document === undefined) return store.setState({ missing: [] });
    try {
      const missing = await client.call("models.missing", { document });
      if (documents.active()?.document === document) store.setState({ missing });
    } catch {
      // The graph's problems say what is wrong with it.
    }
  }

  const load = async () => {
    const [files, downloads] = await Promise.all([
      client.call("models.list", {}),
      client.call("models.downloads", {}),
    ]);
    store.setState({ files, downloads, loaded: true });
    await findMissing();
  };

  const schedule = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void findMissing(), DELAY_MS);
  };
  return {
    store,
    load,
    receive(event) {
      if (event.type === "models") void load().catch(() => undefined);
      if (event.type !== "download") return;
      store.setState(({ downloads }) => {
        const others = downloads.filter(({ id }) => id !== event.download.id);
        return { downloads: [...others, event.download] };
      });
    },
    watch() {
      let seen: unknown;
      const unsubscribe = documents.store.subscribe((state) => {
        const document = state.active === null ? null : state.open[state.active]?.document;
        if (document !== seen) schedule();
        seen = document;
      });
      return () => {
        unsubscribe();
        clearTimeout(timer);
      };
    },
  };
}
