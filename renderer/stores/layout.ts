/** The window's regions: which are open, how large, and what stands in them. */
import { createStore, type StoreApi } from "zustand/vanilla";

export type PanelName = "nodes" | "templates" | "models" | "queue" | "history" | "gallery";
export type DockTab = "player" | "problems" | "log";
/** What covers the window; each is one at a time. */
export type Overlay = "settings" | "keys" | "welcome" | "sweep" | "gallery";

export interface LayoutState {
  readonly panel: PanelName | null;
  /** The panel stands beside the canvas rather than over it. */
  readonly panelPinned: boolean;
  readonly inspector: boolean;
  readonly dockTab: DockTab;
  readonly dockHeight: number;
  readonly dockFolded: boolean;
  /** Canvas only. */
  readonly focusMode: boolean;
  readonly overlay: Overlay | null;
  readonly minimap: boolean;
  readonly legend: boolean;
}

export interface Layout {
  readonly store: StoreApi<LayoutState>;
  set(change: Partial<LayoutState>): void;
  togglePanel(panel: PanelName): void;
  showDock(tab: DockTab): void;
}

/** What is kept between starts. */
export interface LayoutStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export const DOCK_LEAST = 140;
export const DOCK_MOST = 560;
const KEY = "umbel.layout";
const KEPT = [
  "panelPinned",
  "inspector",
  "dockTab",
  "dockHeight",
  "dockFolded",
  "minimap",
] as const;

const START: LayoutState = {
  panel: null,
  panelPinned: false,
  inspector: true,
  dockTab: "player",
  dockHeight: 240,
  dockFolded: false,
  focusMode: false,
  overlay: null,
  minimap: true,
  legend: false,
};

export function createLayout(storage: LayoutStorage | null = null): Layout {
  const store = createStore<LayoutState>(() => ({ ...START, ...kept(storage) }));
  store.subscribe((state) => {
    const entries = KEPT.map((key) => [key, state[key]] as const);
    storage?.setItem(KEY, JSON.stringify(Object.fromEntries(entries)));
  });
  return {
    store,
    set: (change) => store.setState(change),
    togglePanel: (panel) =>
      store.setState((state) => ({ panel: state.panel === panel ? null : panel })),
    showDock: (dockTab) => store.setState({ dockTab, dockFolded: false }),
  };
}

/** What was kept, as far as it has the form that is expected. */
function kept(storage: LayoutStorage | null): Partial<LayoutState> {
  try {
    const value: unknown = JSON.parse(storage?.getItem(KEY) ?? "{}");
    if (typeof value !== "object" || value === null) return {};
    const entries = Object.entries(value).filter(
      ([key, item]) =>
        KEPT.some((name) => name === key) && typeof item === typeof START[key as keyof LayoutState],
    );
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
