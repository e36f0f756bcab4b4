/** The settings that the service keeps. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { RuntimeClient } from "#runtime/protocol/client";
import { DEFAULT_SETTINGS, type Settings as SettingsValue } from "#runtime/protocol/service-values";

export interface Settings {
  readonly store: StoreApi<SettingsValue>;
  load(): Promise<void>;
  /** Applied at once, and undone when the service refuses it. */
  set(change: Partial<SettingsValue>): Promise<void>;
  receive(value: SettingsValue): void;
}

export function createSettings(client: RuntimeClient): Settings {
  const store = createStore<SettingsValue>(() => DEFAULT_SETTINGS);
  return {
    store,
    receive: (value) => store.setState(value),
    load: async () => {
      store.setState(await client.call("settings.get", {}));
    },
    async set(change) {
      const before = store.getState();
      store.setState(change);
      try {
        store.setState(await client.call("settings.set", change));
      } catch (error) {
        store.setState(before);
        throw error;
      }
    },
  };
}
