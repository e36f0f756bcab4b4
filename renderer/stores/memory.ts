/** What the device's memory holds, read while somebody looks or something runs. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { Result } from "#runtime/protocol/contract";
import type { ServiceInfo } from "#runtime/protocol/service-values";

export interface MemoryState {
  readonly info: ServiceInfo | null;
  readonly report: Result<"memory.report"> | null;
}

export interface Memory {
  readonly store: StoreApi<MemoryState>;
  load(): Promise<void>;
  refresh(): Promise<void>;
  free(): Promise<void>;
}

export function createMemory(client: RuntimeClient): Memory {
  const store = createStore<MemoryState>(() => ({ info: null, report: null }));
  const refresh = async () => {
    store.setState({ report: await client.call("memory.report", {}) });
  };
  return {
    store,
    refresh,
    load: async () => {
      store.setState({ info: await client.call("service.info", {}) });
      // Without an engine there is nothing that it holds; the device's note says why.
      await refresh().catch(() => store.setState({ report: null }));
    },
    free: async () => {
      await client.call("memory.free", {});
      await refresh();
    },
  };
}
