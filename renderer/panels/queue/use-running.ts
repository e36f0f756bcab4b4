import type { JobEntry } from "#runtime/protocol/service-values";
import { useEditorStore } from "../../editor-context.tsx";
import type { StepProgress } from "./progress-words.ts";

export interface RunningJob {
  readonly entry: JobEntry;
  /** Title of the node in work, or of the job. */
  readonly title: string;
  readonly progress: StepProgress | null;
}

/** The running job and how far its node in work is; null while nothing runs. */
export function useRunning(): RunningJob | null {
  const entry = useEditorStore(
    (editor) => editor.runs,
    ({ queue }) => queue.running[0] ?? null,
  );
  const current = useEditorStore(
    (editor) => editor.runs,
    (state) => state.current,
  );
  const owner = useEditorStore(
    (editor) => editor.runs,
    ({ owners }) => (entry === null ? undefined : owners[entry.job]),
  );
  const run = useEditorStore(
    (editor) => editor.runs,
    ({ nodes }) =>
      owner === undefined || current === null ? undefined : nodes[owner]?.[current.node],
  );
  const node = useEditorStore(
    (editor) => editor.runs,
    ({ ran }) =>
      owner === undefined || current === null ? undefined : ran[owner]?.nodes[current.node],
  );
  const description = useEditorStore(
    (editor) => editor.nodes,
    ({ descriptions }) => (node === undefined ? undefined : descriptions.get(node.type)),
  );
  if (entry === null) return null;
  const title = node?.title ?? description?.title ?? entry.title;
  if (run === undefined || current === null || current.job !== entry.job || run.max === 0) {
    return { entry, title, progress: null };
  }
  return {
    entry,
    title,
    progress: {
      node: current.node,
      title,
      value: run.value,
      max: run.max,
      secondsPerStep: run.secondsPerUnit ?? 0,
      secondsLeft: run.secondsLeft ?? 0,
    },
  };
}
