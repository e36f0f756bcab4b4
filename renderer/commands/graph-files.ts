/** Opening, saving and closing graphs. */
import type { GraphDocument } from "#runtime/graph/document";
import { serializeDocument } from "#runtime/graph/serialize";
import { emptyDocument, isDirty } from "../stores/documents.ts";
import type { Editor } from "../stores/editor.ts";
import type { PickedFile } from "../stores/files.ts";

export async function openPicked(editor: Editor, file: PickedFile): Promise<void> {
  const { client, documents, toasts } = editor;
  try {
    const { document, notes } = await client.call("graph.open", {
      name: file.name,
      data: file.data,
    });
    const isJson = /\.json$/i.test(file.name);
    const title = file.name.replace(/\.[^.]+$/, "");
    documents.open(document, { title, path: isJson ? file.path : null });
    if (notes.length > 0) {
      toasts.show({
        kind: "info",
        title: `${file.name} was opened with ${notes.length === 1 ? "a note" : `${notes.length} notes`}`,
        detail: notes[0]!.message,
      });
    }
  } catch (error) {
    toasts.fail(`${file.name} was not opened`, error);
  }
}

export async function openDropped(editor: Editor, file: File): Promise<void> {
  const data = new Uint8Array(await file.arrayBuffer());
  await openPicked(editor, { name: file.name, path: editor.files.pathOf(file), data });
}

export async function openWithDialog(editor: Editor): Promise<void> {
  const file = await editor.files.pick();
  if (file !== null) await openPicked(editor, file);
}

export async function saveGraph(editor: Editor, asNew: boolean): Promise<void> {
  const { documents, files, toasts } = editor;
  const entry = documents.active();
  if (entry === null) return;
  try {
    const text = serializeDocument(entry.document);
    const path = await files.save(`${entry.title}.json`, asNew ? null : entry.path, text);
    if (path === null) return;
    documents.markSaved(entry.id, path, entry.document);
    toasts.show({ kind: "done", title: `Saved ${path.replace(/^.*[\\/]/, "")}` });
  } catch (error) {
    toasts.fail(`${entry.title} was not saved`, error);
  }
}

export async function exportGraph(editor: Editor, format: "graph" | "api"): Promise<void> {
  const entry = editor.documents.active();
  if (entry === null) return;
  try {
    const { text } = await editor.client.call("graph.export", { document: entry.document, format });
    const suffix = format === "api" ? "api" : "comfyui";
    const path = await editor.files.save(`${entry.title}.${suffix}.json`, null, text);
    if (path !== null) editor.toasts.show({ kind: "done", title: `Exported ${path}` });
  } catch (error) {
    editor.toasts.fail(`${entry.title} was not exported`, error);
  }
}

export function newGraph(editor: Editor, document: GraphDocument = emptyDocument()): void {
  editor.documents.open(document);
}

/** Closes a tab. What was not saved can be had back. */
export function closeTab(editor: Editor, id: string): void {
  const { documents, toasts } = editor;
  const entry = documents.get(id);
  if (entry === undefined) return;
  documents.close(id);
  if (!isDirty(entry)) return;
  const { title, path, document } = entry;
  toasts.show({
    kind: "info",
    title: `Closed ${title}`,
    detail: "It was not saved.",
    action: {
      label: "Open again",
      run: () => documents.open(document, { id, title, path, isSaved: false }),
    },
  });
}
