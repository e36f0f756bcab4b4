/** A window without a graph begins with the first template open, and the page of templates over it. */
import type { Editor } from "../../stores/editor.ts";
import { openTemplate } from "./open-template.ts";
import { loadTemplates } from "./templates.ts";

/** After the window has opened what was open. Files that it was started with may come later: they take its place. */
export function firstStart(editor: Editor): void {
  const { documents, layout } = editor;
  if (documents.store.getState().tabs.length > 0) return;
  const [first] = loadTemplates();
  if (first === undefined) return;
  const id = openTemplate(editor, first);
  layout.set({ overlay: "welcome" });
  const stop = documents.store.subscribe(({ tabs }) => {
    if (tabs.every((tab) => tab === id)) return;
    stop();
    const untouched = documents.get(id)?.history.undo.length === 0;
    if (layout.store.getState().overlay === "welcome" && untouched) documents.close(id);
  });
}
