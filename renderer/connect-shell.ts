/** What the window tells its shell, and what it does when the shell tells it something. */
import { serializeDocument } from "#runtime/graph/serialize";
import { openPicked } from "./commands/graph-files.ts";
import { isDirty } from "./stores/documents.ts";
import type { Editor } from "./stores/editor.ts";

/** A second wish to close within this time is not a slip. */
const CLOSE_ANYWAY_MS = 8000;

/** Once the editor has read what was open. */
export function connectShell(editor: Editor): void {
  const { shell, settings } = editor;
  for (const { path, id } of Object.values(editor.documents.store.getState().open))
    if (path !== null && shell.desktop) void compareWithFile(editor, id, path);

  shell.on(
    "open",
    (files) =>
      void files.reduce(
        (before, file) => before.then(() => openPicked(editor, file)),
        Promise.resolve(),
      ),
  );
  shell.on("closing", () => void close(editor));
  shell.guard(shell.desktop);

  const tellState = () => {
    const entry = editor.documents.active();
    const dirty = entry !== null && isDirty(entry);
    const title = entry === null ? "Umbel" : `${dirty ? "\u2022 " : ""}${entry.title} - Umbel`;
    shell.setState({ title, dirty, path: entry?.path ?? null });
  };
  tellState();
  editor.documents.store.subscribe(tellState);

  shell.setTheme(settings.store.getState().theme);
  settings.store.subscribe((now, before) => {
    if (now.theme !== before.theme) shell.setTheme(now.theme);
  });
}

/** What was open when the app ended may have been written since. A graph that differs from its file anyway keeps so. */
async function compareWithFile(editor: Editor, id: string, path: string): Promise<void> {
  const { shell, client, documents, fileLinks } = editor;
  try {
    const { name, data, version } = await shell.read(path);
    const entry = documents.get(id);
    if (entry === undefined) return;
    fileLinks.opened(path, version);
    if (isDirty(entry)) return;
    const { document } = await client.call("graph.open", { name, data });
    if (serializeDocument(document) !== serializeDocument(entry.document))
      fileLinks.markChanged(path, "written");
  } catch {
    fileLinks.markChanged(path, "removed");
  }
}

let asked = 0;

/** Nothing is lost by closing: unsaved graphs are in the journal and come back. */
async function close({ journal, documents, shell, toasts }: Editor): Promise<void> {
  const again = Date.now() - asked < CLOSE_ANYWAY_MS;
  asked = Date.now();
  const unsaved = Object.values(documents.store.getState().open).some(isDirty);
  const kept = journal.flush();
  const inTime = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 2000));
  if ((await Promise.race([kept, inTime])) || !unsaved || again) return shell.closeWindow();
  toasts.show({
    kind: "error",
    title: "Unsaved graphs could not be kept",
    detail: "Save them, or close the window again to lose them.",
  });
}
