import { useEffect, useMemo } from "react";
import type { GraphDocument } from "#runtime/graph/document";
import type { MaskReport } from "#runtime/protocol/service-values";
import { maskKey, type KnownMask } from "../../stores/masks.ts";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import { flatGraph, flatName } from "./flat-graph.ts";
import { maskRequestOf, radialGeometry, type RadialGeometry } from "./geometry.ts";
import { frameShares } from "./mask-frames.ts";

export interface ShownMask {
  readonly mask: KnownMask;
  readonly block: 64 | 128;
  /** False while the mask is the last known one: its size or settings are not those of now. */
  readonly current: boolean;
}

/** The mask of a geometry; the last known one of the place while it is on its way or the size is unknown. */
export function useMask(place: string, geometry: RadialGeometry | null): ShownMask | null {
  const { masks } = usePanels();
  const request = useMemo(() => (geometry === null ? null : maskRequestOf(geometry)), [geometry]);
  const key = request === null ? null : maskKey(request);
  useEffect(() => {
    if (request !== null) masks.want(place, request);
    // The key says all of the request.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [masks, place, key]);
  const known = usePanelStore(
    (panels) => panels.masks,
    (state) => (key === null ? undefined : state.known.get(key)),
  );
  const last = usePanelStore(
    (panels) => panels.masks,
    (state) => state.last[place],
  );
  const mask = known ?? last;
  if (mask === undefined) return null;
  return { mask, block: mask.request.block, current: known !== undefined };
}

/** Geometry of a node, equal as long as what it depends on is equal. A node inside of a subgraph is that of its first use. */
export function useGeometry(
  document: GraphDocument | null,
  node: string | null,
): RadialGeometry | null {
  const graph = document === null ? null : flatGraph(document);
  const name = graph === null || node === null ? null : flatName(graph, node);
  const geometry = graph === null || name === null ? null : radialGeometry(graph, name);
  const text = JSON.stringify(geometry);
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => geometry, [text]);
}

const shares = new WeakMap<MaskReport, Float32Array>();

/** Shares of all frame pairs, counted once a mask. */
export function sharesOf({ report, request }: KnownMask): Float32Array {
  const counted = shares.get(report) ?? frameShares(report, request.block);
  shares.set(report, counted);
  return counted;
}
