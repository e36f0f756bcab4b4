/** What the runtime says about node classes and about the files that their inputs can name. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { NodeDescriptions } from "#runtime/protocol/node-description";

export interface NodesState {
  readonly descriptions: NodeDescriptions;
  /** By folder; absent: not read yet. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  readonly loaded: boolean;
}

export interface Nodes {
  readonly store: StoreApi<NodesState>;
  load(): Promise<void>;
  loadFiles(folder: string): Promise<void>;
}

export function createNodes(client: RuntimeClient): Nodes {
  const store = createStore<NodesState>(() => ({
    descriptions: new Map(),
    files: {},
    loaded: false,
  }));
  const loadFiles = async (folder: string) => {
    const names = await client.call("files.list", { folder });
    store.setState(({ files }) => ({ files: { ...files, [folder]: names } }));
  };
  const load = async () => {
    const list = await client.call("nodes.list", {});
    const descriptions = new Map(list.map((node) => [node.type, node]));
    store.setState({ descriptions, loaded: true });
    const folders = list.flatMap(({ inputs }) => inputs.flatMap(({ folder }) => folder ?? []));
    await Promise.all([...new Set(folders)].map(loadFiles));
  };
  return { store, load, loadFiles };
}
