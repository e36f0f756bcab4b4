import type { Editor } from "../../stores/editor.ts";
import type { Template } from "./templates.ts";

/** Opens a template as a graph of its own; one that is open and untouched is only shown. The tab's id. */
export function openTemplate({ documents }: Editor, template: Template): string {
  const same = Object.values(documents.store.getState().open).find(
    ({ document, title }) => title === template.id && document.title === template.title,
  );
  if (same === undefined || same.history.undo.length > 0) {
    return documents.open(template.document, { title: template.id });
  }
  documents.activate(same.id);
  return same.id;
}
