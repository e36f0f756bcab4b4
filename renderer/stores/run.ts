/** What runs, what waits, and how far each node of each open document is. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { GraphDocument } from "#runtime/graph/document";
import { isObject } from "#runtime/graph/json";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { Params } from "#runtime/protocol/contract";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { QueueState } from "#runtime/protocol/service-values";
import { applyJobEvent, applyPreview, type NodeRuns } from "./run-events.ts";

export interface RunState {
  readonly queue: QueueState;
  /** Node states by document id, then by resolved node id ("outer:inner"). */
  readonly nodes: Readonly<Record<string, NodeRuns>>;
  /** Document that a job was made from, while its tab is known. */
  readonly owners: Readonly<Record<string, string>>;
  /** The document as its last job had it: what differs from it runs again. */
  readonly ran: Readonly<Record<string, GraphDocument>>;
  /** How a running job comes along: its node in work. */
  readonly current: { readonly job: string; readonly node: string } | null;
}

export interface RunOptions extends Omit<Params<"queue.add">, "document"> {}

export interface Runs {
  readonly store: StoreApi<RunState>;
  /** Queues a document for its tab; the ids of the jobs. */
  add(owner: string, document: GraphDocument, options?: RunOptions): Promise<readonly string[]>;
  cancel(job: string): Promise<void>;
  receive(event: ServiceEvent): void;
  load(): Promise<void>;
}

const NO_NODES: NodeRuns = {};

export function createRuns(client: RuntimeClient): Runs {
  const store = createStore<RunState>(() => ({
    queue: { version: -1, paused: false, running: [], waiting: [], waitingCount: 0 },
    nodes: {},
    owners: {},
    ran: {},
    current: null,
  }));
  const onOwner = (job: string, change: (runs: NodeRuns) => NodeRuns) => {
    const { owners, nodes } = store.getState();
    const owner = owners[job];
    if (owner === undefined) return;
    store.setState({ nodes: { ...nodes, [owner]: change(nodes[owner] ?? NO_NODES) } });
  };
  /** States can overtake each other: the newer one stands. */
  const take = (queue: QueueState) =>
    store.setState((state) => (queue.version < state.queue.version ? {} : { queue }));
  // A job's first events can come before the answer that names it.
  const early = new Map<string, ServiceEvent[]>();
  let adding = 0;

  function receive(event: ServiceEvent): void {
    if (event.type === "queue") {
      take(event.state);
      return;
    }
    const job =
      event.type === "preview" ? event.job : event.type === "job" ? event.event.job : null;
    if (job === null) return;
    if (store.getState().owners[job] === undefined && adding > 0) {
      early.set(job, [...(early.get(job) ?? []), event]);
      return;
    }
    if (event.type === "preview") {
      onOwner(job, (runs) => applyPreview(runs, event.node, event.preview));
    } else if (event.type === "job") {
      if (event.event.type === "node_started")
        store.setState({ current: { job, node: event.event.node } });
      else if (/^job_(finished|failed|cancelled)$/.test(event.event.type))
        store.setState(({ current }) => ({ current: current?.job === job ? null : current }));
      onOwner(job, (runs) => applyJobEvent(runs, event.event));
    }
  }

  /** A job that this window did not add, or added before it was loaded again, says its tab itself. */
  async function findOwner(job: string): Promise<void> {
    if (store.getState().owners[job] !== undefined) return;
    const origin = await client.call("queue.origin", { job });
    if (!isObject(origin) || typeof origin["tab"] !== "string") return;
    const tab = origin["tab"];
    store.setState(({ owners }) => ({ owners: { ...owners, [job]: tab } }));
  }

  return {
    store,
    receive,
    async add(owner, document, options = {}) {
      adding++;
      try {
        const { jobs } = await client.call("queue.add", {
          document,
          origin: { tab: owner },
          ...options,
        });
        store.setState(({ owners, ran }) => ({
          owners: { ...owners, ...Object.fromEntries(jobs.map((job) => [job, owner])) },
          ran: { ...ran, [owner]: document },
        }));
        return jobs;
      } finally {
        adding--;
        const waiting = [...early.values()].flat();
        early.clear();
        waiting.forEach(receive);
      }
    },
    cancel: async (job) => {
      await client.call("queue.cancel", { job });
    },
    load: async () => {
      const queue = await client.call("queue.state", {});
      take(queue);
      await Promise.all([...queue.running, ...queue.waiting].map(({ job }) => findOwner(job)));
    },
  };
}
