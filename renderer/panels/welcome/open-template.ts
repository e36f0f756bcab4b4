import type { Editor } from "../../stores/editor.ts";
import type { Template } from "./templates.ts";

/** Opens a template as a graph of its own; one that is open and untouched is only shown. */
export function openTemplate({ documents }: Editor, template: Template): void {
  const same = Object.values(documents.store.getState().open).find(
    ({ document, title }) => title === template.id && document.title === template.title,
  );
  if (same !== undefined && same.history.undo.length === 0) documents.activate(same.id);
  else documents.open(template.document, { title: template.id });
}
