import { useEffect, useMemo, useState } from "react";
import type { GraphDocument } from "#runtime/graph/document";
import type { JobEntry } from "#runtime/protocol/service-values";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import { usePanels, usePanelStore } from "../panels-context.tsx";

export interface Batch {
  readonly jobs: readonly JobEntry[];
  readonly documents: ReadonlyMap<string, GraphDocument>;
}

const MOST_JOBS = 500;

/** The jobs of a batch that ended, run and wait, with their documents as far as they are read. */
export function useBatch(batch: string): Batch {
  const { client } = useEditor();
  const { pastRuns } = usePanels();
  const [older, setOlder] = useState<readonly JobEntry[]>([]);
  const recent = usePanelStore(
    (panels) => panels.pastRuns,
    (state) => state.entries,
  );
  const documents = usePanelStore(
    (panels) => panels.pastRuns,
    (state) => state.documents,
  );
  const queue = useEditorStore(
    (editor) => editor.runs,
    (state) => state.queue,
  );
  useEffect(() => {
    let wanted = true;
    client
      .call("history.list", { batch, limit: MOST_JOBS })
      .then((entries) => {
        if (wanted) setOlder(entries);
      })
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [client, batch]);
  const jobs = useMemo(() => {
    const all = [...queue.running, ...queue.waiting, ...recent, ...older];
    const byId = new Map<string, JobEntry>();
    for (const entry of all) {
      if (entry.batch === batch && !byId.has(entry.job)) byId.set(entry.job, entry);
    }
    return [...byId.values()];
  }, [queue, recent, older, batch]);
  const ids = jobs.map(({ job }) => job).join(" ");
  useEffect(() => {
    for (const job of ids.split(" ")) if (job !== "") void pastRuns.document(job);
  }, [pastRuns, ids]);
  return { jobs, documents };
}
