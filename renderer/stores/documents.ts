/** The open documents: one tab each, and the only truth about what a graph holds. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { DOCUMENT_VERSION, type GraphDocument } from "#runtime/graph/document";
import { EMPTY_HISTORY, record, stepBack, stepForward, type History } from "./history.ts";
import { newId } from "./new-id.ts";

export interface OpenDocument {
  /** Lasts as long as the tab and names its entry in the journal. */
  readonly id: string;
  readonly title: string;
  /** The file it was opened from or saved to; null: none yet. */
  readonly path: string | null;
  readonly document: GraphDocument;
  /** What that file holds; null: it has no file. */
  readonly saved: GraphDocument | null;
  readonly history: History;
}

export interface DocumentsState {
  /** Tabs in their order. */
  readonly tabs: readonly string[];
  readonly active: string | null;
  readonly open: Readonly<Record<string, OpenDocument>>;
}

export interface EditOptions {
  /** Edits in a row with the same key are one step of undo. */
  readonly merge?: string | undefined;
  /** The document's id; the active one when absent. */
  readonly id?: string | undefined;
}

export interface OpenOptions {
  readonly id?: string;
  readonly title?: string;
  readonly path?: string | null;
  /** False for one that differs from its file, as after a crash. */
  readonly isSaved?: boolean;
  readonly activate?: boolean;
}

export interface Documents {
  readonly store: StoreApi<DocumentsState>;
  active(): OpenDocument | null;
  get(id: string): OpenDocument | undefined;
  /** Opens a tab; the id it got. A file that is open already is only shown. */
  open(document: GraphDocument, options?: OpenOptions): string;
  close(id: string): void;
  activate(id: string): void;
  /** Puts a tab before another, or at the end. */
  move(id: string, before: string | null): void;
  edit(
    label: string,
    change: (document: GraphDocument) => GraphDocument,
    options?: EditOptions,
  ): void;
  /** Changes what is no part of the work and not undone: the view. */
  annotate(id: string, change: (document: GraphDocument) => GraphDocument): void;
  /** What was undone, in words; null when there is nothing to undo. */
  undo(id?: string): string | null;
  redo(id?: string): string | null;
  /** Ends a run of merged edits, as letting go of the mouse does. */
  endMerge(id?: string): void;
  markSaved(id: string, path: string, saved: GraphDocument): void;
  rename(id: string, title: string): void;
}

export const emptyDocument = (): GraphDocument => ({
  umbel: DOCUMENT_VERSION,
  nodes: {},
  links: [],
});

export const isDirty = (entry: OpenDocument): boolean =>
  entry.saved === null
    ? Object.keys(entry.document.nodes).length > 0 && entry.history.undo.length > 0
    : entry.saved !== entry.document;

const baseName = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.json$/, "");

export function createDocuments(
  now: () => number = Date.now,
  makeId: () => string = newId,
): Documents {
  const store = createStore<DocumentsState>(() => ({ tabs: [], active: null, open: {} }));
  const get = (id: string | null | undefined) =>
    id === null || id === undefined ? undefined : store.getState().open[id];
  const put = (entry: OpenDocument) =>
    store.setState((state) => ({ open: { ...state.open, [entry.id]: entry } }));
  const wanted = (id?: string) => get(id ?? store.getState().active);

  function travel(step: typeof stepBack, id?: string): string | null {
    const entry = wanted(id);
    const done = entry === undefined ? null : step(entry.history, entry.document);
    if (entry === undefined || done === null) return null;
    put({ ...entry, document: done.document, history: done.history });
    return done.label;
  }

  const untitled = (): string => {
    const taken = new Set(Object.values(store.getState().open).map(({ title }) => title));
    for (let i = 1; ; i++) {
      const title = i === 1 ? "untitled" : `untitled ${i}`;
      if (!taken.has(title)) return title;
    }
  };

  return {
    store,
    active: () => get(store.getState().active) ?? null,
    get,
    open(document, options = {}) {
      const { path = null, activate = true, isSaved = true } = options;
      const same =
        path === null
          ? undefined
          : Object.values(store.getState().open).find((entry) => entry.path === path);
      if (same !== undefined) {
        store.setState({ active: same.id });
        return same.id;
      }
      const id = options.id ?? makeId();
      const title =
        options.title ?? (path === null ? (document.title ?? untitled()) : baseName(path));
      const saved = isSaved ? document : path === null ? null : emptyDocument();
      store.setState((state) => ({
        tabs: [...state.tabs, id],
        active: activate || state.active === null ? id : state.active,
        open: {
          ...state.open,
          [id]: { id, title, path, document, saved, history: EMPTY_HISTORY },
        },
      }));
      return id;
    },
    close(id) {
      store.setState((state) => {
        const at = state.tabs.indexOf(id);
        if (at < 0) return state;
        const tabs = state.tabs.filter((tab) => tab !== id);
        const open = Object.fromEntries(Object.entries(state.open).filter(([key]) => key !== id));
        const active =
          state.active === id ? (tabs[Math.min(at, tabs.length - 1)] ?? null) : state.active;
        return { tabs, open, active };
      });
    },
    activate(id) {
      if (get(id) !== undefined) store.setState({ active: id });
    },
    move(id, before) {
      store.setState((state) => {
        if (!state.tabs.includes(id) || id === before) return state;
        const tabs = state.tabs.filter((tab) => tab !== id);
        const at = before === null ? tabs.length : tabs.indexOf(before);
        tabs.splice(at < 0 ? tabs.length : at, 0, id);
        return { tabs };
      });
    },
    edit(label, change, { merge, id } = {}) {
      const entry = wanted(id);
      if (entry === undefined) return;
      const document = change(entry.document);
      if (document === entry.document) return;
      put({
        ...entry,
        document,
        history: record(entry.history, entry.document, label, merge, now()),
      });
    },
    annotate(id, change) {
      const entry = get(id);
      if (entry === undefined) return;
      const document = change(entry.document);
      if (document === entry.document) return;
      const saved = entry.saved === entry.document ? document : entry.saved;
      put({ ...entry, document, saved });
    },
    undo: (id) => travel(stepBack, id),
    redo: (id) => travel(stepForward, id),
    endMerge(id) {
      const entry = wanted(id);
      if (entry !== undefined && entry.history.merge !== null)
        put({ ...entry, history: { ...entry.history, merge: null } });
    },
    markSaved(id, path, saved) {
      const entry = get(id);
      if (entry !== undefined) put({ ...entry, path, saved, title: baseName(path) });
    },
    rename(id, title) {
      const entry = get(id);
      if (entry !== undefined && title.trim() !== "") put({ ...entry, title: title.trim() });
    },
  };
}
