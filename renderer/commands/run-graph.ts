/** Runs the graph in front: problems first, then seeds, then the queue. What keeps it from running is said. */
import { hasErrors, type Problem } from "#runtime/graph/problems";
import { moveSeeds } from "../stores/edit/seeds.ts";
import type { Editor } from "../stores/editor.ts";
import type { RunOptions } from "../stores/run.ts";

/** @param unasked by a change rather than by a person: then the problems that are in sight anyway say it */
export async function runGraph(
  editor: Editor,
  options: RunOptions = {},
  { unasked = false }: { readonly unasked?: boolean } = {},
): Promise<boolean> {
  const { documents, problems, nodes, runs, toasts } = editor;
  const entry = documents.active();
  if (entry === null) {
    if (!unasked) tellNoGraph(editor);
    return false;
  }
  const found = problems.check(entry.id) as readonly Problem[];
  if (hasErrors(found)) {
    problems.markTried(entry.id);
    if (!unasked) tellProblems(editor, found);
    return false;
  }
  const { descriptions } = nodes.store.getState();
  documents.edit("New seed", (document) => moveSeeds(document, descriptions, new Set(["random"])), {
    id: entry.id,
    merge: "seed before a run",
  });
  const document = documents.get(entry.id)!.document;
  try {
    await runs.add(entry.id, document, { title: entry.title, ...options });
  } catch (error) {
    toasts.fail("The graph was not queued", error);
    return false;
  }
  if (runs.store.getState().queue.paused && !unasked) tellPaused(editor);
  documents.edit(
    "Next seed",
    (now) => moveSeeds(now, descriptions, new Set(["increment", "decrement"])),
    { id: entry.id, merge: "seed before a run" },
  );
  return true;
}

function tellNoGraph(editor: Editor): void {
  editor.toasts.show({
    key: "run",
    kind: "info",
    title: "No graph is open",
    detail: "Run needs one.",
    action: { label: "Show templates", run: () => editor.layout.set({ overlay: "welcome" }) },
  });
}

function tellProblems({ layout, toasts }: Editor, found: readonly Problem[]): void {
  layout.set({ focusMode: false, overlay: null });
  layout.showDock("problems");
  const errors = found.filter(({ severity }) => severity === "error");
  toasts.show({
    key: "run",
    kind: "warning",
    title: `Not queued: ${errors.length === 1 ? "1 problem" : `${errors.length} problems`}`,
    detail: errors[0]?.message,
  });
}

function tellPaused({ client, toasts }: Editor): void {
  const goOn = () =>
    client
      .call("queue.pause", { paused: false })
      .catch((error: unknown) => toasts.fail("The queue was not changed", error));
  toasts.show({
    key: "run",
    kind: "info",
    title: "Queued, and the queue is paused",
    detail: "Nothing starts until it goes on.",
    action: { label: "Go on", run: () => void goOn() },
  });
}

/** Stops what runs; with nothing running, nothing. */
export async function stopRunning(editor: Editor): Promise<void> {
  const [job] = editor.runs.store.getState().queue.running;
  if (job === undefined) return;
  try {
    await editor.runs.cancel(job.job);
  } catch (error) {
    editor.toasts.fail("The job could not be stopped", error);
  }
}
