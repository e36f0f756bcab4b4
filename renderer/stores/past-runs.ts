/** Ended jobs, newest first, and the documents that they ran. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { GraphDocument } from "#runtime/graph/document";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { JobEntry } from "#runtime/protocol/service-values";

export interface PastRunsState {
  readonly entries: readonly JobEntry[];
  readonly documents: ReadonlyMap<string, GraphDocument>;
  readonly loaded: boolean;
  /** Whether older ones may be asked for. */
  readonly more: boolean;
}

export interface PastRuns {
  readonly store: StoreApi<PastRunsState>;
  load(): Promise<void>;
  loadMore(): Promise<void>;
  /** The document of a job that ended, runs or waits, from the service when it is not known yet; null when it is gone. */
  document(job: string): Promise<GraphDocument | null>;
  remove(jobs: readonly string[]): Promise<void>;
  receive(event: ServiceEvent): void;
}

const PAGE = 60;
const MOST_DOCUMENTS = 400;

export function createPastRuns(client: RuntimeClient): PastRuns {
  const store = createStore<PastRunsState>(() => ({
    entries: [],
    documents: new Map(),
    loaded: false,
    more: false,
  }));
  const asked = new Map<string, Promise<GraphDocument | null>>();

  const keep = (job: string, document: GraphDocument) =>
    store.setState(({ documents }) => {
      const next = new Map(documents).set(job, document);
      for (const oldest of next.keys()) {
        if (next.size <= MOST_DOCUMENTS) break;
        next.delete(oldest);
      }
      return { documents: next };
    });

  /** Ended jobs are in the history; those that run or wait, in the queue. */
  const fetchDocument = async (job: string): Promise<GraphDocument | null> => {
    for (const method of ["history.document", "queue.document"] as const) {
      try {
        const document = await client.call(method, { job });
        keep(job, document);
        return document;
      } catch {
        // It is in the other place, or gone.
      }
    }
    return null;
  };

  return {
    store,
    async load() {
      const entries = await client.call("history.list", { limit: PAGE });
      store.setState({ entries, loaded: true, more: entries.length === PAGE });
    },
    async loadMore() {
      const { entries, more } = store.getState();
      const before = entries.at(-1)?.ended;
      if (!more || before === null || before === undefined) return;
      const older = await client.call("history.list", { limit: PAGE, before });
      store.setState((state) => {
        const known = new Set(state.entries.map(({ job }) => job));
        const fresh = older.filter(({ job }) => !known.has(job));
        return { entries: [...state.entries, ...fresh], more: older.length === PAGE };
      });
    },
    document(job) {
      const known = store.getState().documents.get(job);
      if (known !== undefined) return Promise.resolve(known);
      const waiting = asked.get(job) ?? fetchDocument(job).finally(() => asked.delete(job));
      asked.set(job, waiting);
      return waiting;
    },
    async remove(jobs) {
      await client.call("history.remove", { jobs: [...jobs] });
      store.setState(({ entries }) => ({
        entries: entries.filter(({ job }) => !jobs.includes(job)),
      }));
    },
    receive(event) {
      if (event.type !== "history") return;
      store.setState(({ entries }) => ({
        entries: [event.entry, ...entries.filter(({ job }) => job !== event.entry.job)],
      }));
    },
  };
}
