import { useMemo } from "react";
import type { JobEntry } from "#runtime/protocol/service-values";
import { useEditor } from "../../editor-context.tsx";
import type { Editor } from "../../stores/editor.ts";

export interface QueueActions {
  readonly pause: (paused: boolean) => void;
  readonly clear: () => void;
  readonly cancel: (job: string) => void;
  readonly move: (job: string, before: string | null) => void;
  /** Opens the job's graph in a tab. */
  readonly edit: (entry: JobEntry) => void;
  /** The graph in front takes the place of the job's own. */
  readonly replace: (entry: JobEntry) => void;
  readonly duplicate: (entry: JobEntry) => void;
}

export function useQueueActions(): QueueActions {
  const editor = useEditor();
  return useMemo(() => queueActions(editor), [editor]);
}

export function queueActions({ client, documents, toasts }: Editor): QueueActions {
  const doing = (failed: string, work: () => Promise<unknown>): void => {
    work().catch((error: unknown) => toasts.fail(failed, error));
  };
  return {
    pause: (paused) =>
      doing("The queue was not changed", () => client.call("queue.pause", { paused })),
    clear: () => doing("The queue was not cleared", () => client.call("queue.clear", {})),
    cancel: (job) => doing("The job was not stopped", () => client.call("queue.cancel", { job })),
    move: (job, before) =>
      doing("The job was not moved", () => client.call("queue.move", { job, before })),
    edit: (entry) =>
      doing("Its graph was not opened", async () => {
        const document = await client.call("queue.document", { job: entry.job });
        documents.open(document, { title: entry.title, isSaved: false });
      }),
    replace: (entry) =>
      doing("The job was not changed", async () => {
        const active = documents.active();
        if (active === null) return;
        await client.call("queue.replace", { job: entry.job, document: active.document });
        toasts.show({ kind: "done", title: `${entry.title} runs ${active.title} as it is now` });
      }),
    duplicate: (entry) =>
      doing("The job was not duplicated", async () => {
        const document = await client.call("queue.document", { job: entry.job });
        await client.call("queue.add", { document, title: entry.title });
      }),
  };
}
