import { createContext, useContext, type ReactNode } from "react";
import { useStore, type StoreApi } from "zustand";
import type { OpenDocument } from "./stores/documents.ts";
import type { Editor } from "./stores/editor.ts";

const Context = createContext<Editor | null>(null);

export const EditorProvider = (props: {
  readonly editor: Editor;
  readonly children: ReactNode;
}) => <Context value={props.editor}>{props.children}</Context>;

export function useEditor(): Editor {
  const editor = useContext(Context);
  if (editor === null) throw new Error("Expected an EditorProvider around this component.");
  return editor;
}

/** A part of one of the editor's stores; renders again only when that part changes. */
export function useEditorStore<T, S>(
  pick: (editor: Editor) => { readonly store: StoreApi<T> },
  select: (state: T) => S,
): S {
  return useStore(pick(useEditor()).store, select);
}

/** The tab in front; null when none is open. */
export function useActive(): OpenDocument | null {
  return useEditorStore(
    (editor) => editor.documents,
    (state) => (state.active === null ? null : (state.open[state.active] ?? null)),
  );
}

export function useActiveId(): string | null {
  return useEditorStore(
    (editor) => editor.documents,
    (state) => state.active,
  );
}
