import { useEffect } from "react";
import type { GraphDocument } from "#runtime/graph/document";
import { usePanels, usePanelStore } from "../panels-context.tsx";

/** The document of an ended job; null while it is read, and when it is gone. */
export function useJobDocument(job: string | null): GraphDocument | null {
  const { pastRuns } = usePanels();
  useEffect(() => {
    if (job !== null) void pastRuns.document(job);
  }, [pastRuns, job]);
  return usePanelStore(
    (panels) => panels.pastRuns,
    (state) => (job === null ? null : (state.documents.get(job) ?? null)),
  );
}
