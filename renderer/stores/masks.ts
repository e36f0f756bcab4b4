/** Masks by their geometry, asked for once each. While one is on its way, the last one of the same place stands in. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { MaskReport, MaskRequest } from "#runtime/protocol/service-values";

export interface KnownMask {
  readonly request: MaskRequest;
  readonly report: MaskReport;
}

export interface MasksState {
  readonly known: ReadonlyMap<string, KnownMask>;
  /** The last mask of each place (a node of a document), for as long as a new one is unknown. */
  readonly last: Readonly<Record<string, KnownMask>>;
}

export interface Masks {
  readonly store: StoreApi<MasksState>;
  /** Asks for a mask unless it is known or asked for. */
  want(place: string, request: MaskRequest): void;
}

const MOST_KEPT = 24;

export const maskKey = (request: MaskRequest): string => JSON.stringify(request);

export function createMasks(client: RuntimeClient): Masks {
  const store = createStore<MasksState>(() => ({ known: new Map(), last: {} }));
  const asked = new Set<string>();
  const wanted = new Map<string, string>();

  const put = (place: string, key: string, mask: KnownMask) =>
    store.setState(({ known, last }) => {
      const next = new Map(known);
      next.delete(key);
      next.set(key, mask);
      for (const oldest of next.keys()) {
        if (next.size <= MOST_KEPT) break;
        next.delete(oldest);
      }
      return { known: next, last: { ...last, [place]: mask } };
    });

  return {
    store,
    want(place, request) {
      const key = maskKey(request);
      wanted.set(place, key);
      const mask = store.getState().known.get(key);
      if (mask !== undefined) {
        if (store.getState().last[place] !== mask) put(place, key, mask);
        return;
      }
      if (asked.has(key)) return;
      asked.add(key);
      client
        .call("graph.mask", request)
        .then((report) => put(place, key, { request, report }))
        // A geometry without a mask is said by the graph's problems; here the last mask stays.
        .catch(() => undefined)
        .finally(() => asked.delete(key));
    },
  };
}
