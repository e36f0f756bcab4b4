/** What the graph in front will need: asked for a moment after each change; only the last answer counts. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { GraphDocument } from "#runtime/graph/document";
import { isUmbelError } from "#runtime/errors";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { PlanReport } from "#runtime/protocol/service-values";
import type { Documents, DocumentsState } from "./documents.ts";
import { newId } from "./new-id.ts";

export interface PlanState {
  /** Document that the report is about; an edited one has a newer report on its way. */
  readonly document: GraphDocument | null;
  readonly report: PlanReport | null;
  /** Why there is no plan, in words. */
  readonly problem: string | null;
  readonly pending: boolean;
}

export interface Plans {
  readonly store: StoreApi<PlanState>;
  /** Follows the document in front until the returned function is called. */
  watch(): () => void;
}

const DELAY_MS = 350;
const RENEWING: ReadonlySet<ServiceEvent["type"]> = new Set([
  "models",
  "nodes",
  "settings",
  "history",
]);
const NOTHING: PlanState = { document: null, report: null, problem: null, pending: false };

export function createPlans(client: RuntimeClient, documents: Documents): Plans {
  const store = createStore<PlanState>(() => NOTHING);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tab: string | null = null;
  // The service ends an unfinished plan when the same view asks anew.
  const slot = `plan ${newId()}`;
  /** What the newest question is, or is going to be, about. */
  let wanted: GraphDocument | null = null;
  let question = 0;

  async function ask(): Promise<void> {
    const document = documents.active()?.document;
    if (document === undefined) return;
    const mine = ++question;
    let answer: Pick<PlanState, "report" | "problem">;
    try {
      answer = { report: await client.call("graph.plan", { document, slot }), problem: null };
    } catch (error) {
      answer = { report: null, problem: isUmbelError(error) ? error.message : String(error) };
    }
    if (mine === question) store.setState({ document, pending: false, ...answer });
  }

  function schedule(): void {
    clearTimeout(timer);
    store.setState({ pending: true });
    timer = setTimeout(() => void ask(), DELAY_MS);
  }

  function forget(): void {
    clearTimeout(timer);
    question++;
    wanted = null;
    store.setState(NOTHING);
  }

  function look(state: DocumentsState): void {
    const document = state.active === null ? undefined : state.open[state.active]?.document;
    if (state.active !== tab) {
      tab = state.active;
      forget();
    }
    if (document === undefined || !changed(document, wanted)) return;
    wanted = document;
    schedule();
  }

  /** Files, nodes or settings are others now, or times were measured: the same graph gets another plan. */
  function receive({ type }: ServiceEvent): void {
    if (!RENEWING.has(type)) return;
    if (wanted !== null) schedule();
  }

  return {
    store,
    watch() {
      const stops = [documents.store.subscribe(look), client.subscribe(receive)];
      look(documents.store.getState());
      return () => {
        for (const stop of stops) stop();
        forget();
        tab = null;
      };
    },
  };
}

/** Places and colours of nodes need no new plan. */
function changed(now: GraphDocument, planned: GraphDocument | null): boolean {
  if (planned === null || now.links !== planned.links || now.subgraphs !== planned.subgraphs) {
    return now !== planned;
  }
  const ids = Object.keys(now.nodes);
  return (
    ids.length !== Object.keys(planned.nodes).length ||
    ids.some((id) => {
      const [a, b] = [now.nodes[id], planned.nodes[id]];
      return a?.values !== b?.values || a?.state !== b?.state || a?.type !== b?.type;
    })
  );
}
