/** Opening, saving and closing graphs. */
import type { GraphDocument } from "#runtime/graph/document";
import { serializeDocument } from "#runtime/graph/serialize";
import type { OpenedFile } from "#runtime/protocol/desktop-contract";
import { emptyDocument, isDirty, type OpenDocument } from "../stores/documents.ts";
import type { Editor } from "../stores/editor.ts";

const isGraphFile = (name: string): boolean => /\.(json|umbel)$/i.test(name);

export async function openPicked(editor: Editor, file: OpenedFile): Promise<void> {
  const { client, documents, fileLinks, toasts, layout } = editor;
  try {
    const { document, notes } = await client.call("graph.open", {
      name: file.name,
      data: file.data,
    });
    const title = file.name.replace(/\.[^.]+$/, "");
    const path = isGraphFile(file.name) ? file.path : null;
    if (path !== null) fileLinks.opened(path, file.version);
    documents.open(document, { title, path });
    if (notes.length > 0) {
      toasts.show({
        kind: notes.some(({ severity }) => severity === "warning") ? "warning" : "info",
        title: `${file.name} was opened with ${notes.length === 1 ? "a note" : `${notes.length} notes`}`,
        detail: notes.map(({ message }) => message).join("\n"),
        action: { label: "Show", run: () => layout.showDock("log") },
      });
    }
  } catch (error) {
    toasts.fail(`${file.name} was not opened`, error);
  }
}

export async function openDropped(editor: Editor, file: File): Promise<void> {
  try {
    await openPicked(editor, await editor.shell.dropped(file));
  } catch (error) {
    editor.toasts.fail(`${file.name} was not opened`, error);
  }
}

export async function openWithDialog(editor: Editor): Promise<void> {
  for (const file of await editor.shell.open("graph", true)) await openPicked(editor, file);
}

/** A file that was open before. */
export async function openRecent(editor: Editor, path: string): Promise<void> {
  const open = Object.values(editor.documents.store.getState().open);
  const same = open.find((entry) => entry.path === path);
  if (same !== undefined) return editor.documents.activate(same.id);
  try {
    await openPicked(editor, await editor.shell.read(path));
  } catch (error) {
    editor.toasts.fail(`${path} was not opened`, error);
  }
}

export async function saveGraph(editor: Editor, asNew: boolean): Promise<void> {
  const entry = editor.documents.active();
  if (entry === null) return;
  try {
    if (asNew || entry.path === null) await saveAs(editor, entry);
    else await saveOver(editor, entry, entry.path);
  } catch (error) {
    editor.toasts.fail(`${entry.title} was not saved`, error);
  }
}

async function saveAs(editor: Editor, entry: OpenDocument): Promise<void> {
  const { documents, fileLinks, shell, toasts } = editor;
  const saved = await shell.saveAs("graph", `${entry.title}.json`, textOf(entry.document));
  if (saved === null) return;
  if (saved.path !== null) fileLinks.opened(saved.path, saved.version);
  documents.markSaved(entry.id, saved.path ?? saved.name, entry.document);
  toasts.show({ kind: "done", title: `Saved ${saved.name}` });
}

async function saveOver(
  editor: Editor,
  entry: OpenDocument,
  path: string,
  anyway = false,
): Promise<void> {
  const { documents, fileLinks, toasts } = editor;
  const outcome = await fileLinks.save(path, textOf(entry.document), anyway);
  const name = path.replace(/^.*[\\/]/, "");
  if (outcome.state === "saved") {
    documents.markSaved(entry.id, path, entry.document);
    toasts.show({ kind: "done", title: `Saved ${name}` });
    return;
  }
  toasts.show({
    kind: "warning",
    title: `${name} was not saved`,
    detail:
      outcome.version === null
        ? "The file is gone."
        : "Another program has written it since it was opened.",
    action: {
      label: "Save anyway",
      run: () =>
        void saveOver(editor, documents.get(entry.id) ?? entry, path, true).catch(
          (error: unknown) => toasts.fail(`${name} was not saved`, error),
        ),
    },
  });
}

/** Reads the file again in place of what is open; the step can be undone. */
export async function loadFromFile(editor: Editor, entry: OpenDocument): Promise<void> {
  const { client, documents, fileLinks, shell, toasts } = editor;
  if (entry.path === null) return;
  try {
    const { name, data, version } = await shell.read(entry.path);
    const { document } = await client.call("graph.open", { name, data });
    fileLinks.opened(entry.path, version);
    documents.edit("Load from the file", () => document, { id: entry.id });
    documents.markSaved(entry.id, entry.path, document);
  } catch (error) {
    toasts.fail(`${entry.path} was not opened`, error);
  }
}

/** The same graph in a tab of its own, without a file yet. */
export function openCopy({ documents }: Editor, { title, document }: OpenDocument): void {
  documents.open(document, { title: `${title} copy`, isSaved: false });
}

export async function exportGraph(editor: Editor, format: "graph" | "api"): Promise<void> {
  const entry = editor.documents.active();
  if (entry === null) return;
  try {
    const { text } = await editor.client.call("graph.export", { document: entry.document, format });
    const suffix = format === "api" ? "api" : "comfyui";
    const name = `${entry.title}.${suffix}.json`;
    const saved = await editor.shell.saveAs("export", name, new TextEncoder().encode(text));
    if (saved !== null)
      editor.toasts.show({ kind: "done", title: `Exported ${saved.path ?? saved.name}` });
  } catch (error) {
    editor.toasts.fail(`${entry.title} was not exported`, error);
  }
}

const textOf = (document: GraphDocument) => new TextEncoder().encode(serializeDocument(document));

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
