/** Runs the graph in front: problems first, then seeds, then the queue. */
import { hasErrors, type Problem } from "#runtime/graph/problems";
import { moveSeeds } from "../stores/edit/seeds.ts";
import type { Editor } from "../stores/editor.ts";
import type { RunOptions } from "../stores/run.ts";

export async function runGraph(editor: Editor, options: RunOptions = {}): Promise<boolean> {
  const { documents, problems, nodes, runs, toasts, layout } = editor;
  const entry = documents.active();
  if (entry === null) return false;
  if (hasErrors(problems.check(entry.id) as readonly Problem[])) {
    problems.markTried(entry.id);
    layout.showDock("problems");
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
  documents.edit(
    "Next seed",
    (now) => moveSeeds(now, descriptions, new Set(["increment", "decrement"])),
    { id: entry.id, merge: "seed before a run" },
  );
  return true;
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
