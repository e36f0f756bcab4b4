import { usePanelStore } from "../panels-context.tsx";
import { jobSeconds } from "./job-words.ts";

/** What the last whole run of a title took on this machine; null when none is known. */
export function useLastSeconds(title: string): number | null {
  const last = usePanelStore(
    (panels) => panels.pastRuns,
    ({ entries }) => entries.find((entry) => entry.title === title && entry.state === "done"),
  );
  return last === undefined ? null : jobSeconds(last);
}
