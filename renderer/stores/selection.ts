/** What is selected in the graph on screen, and which graph that is. No part of the document, never undone. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { SUBGRAPH_PREFIX, type GraphDocument } from "#runtime/graph/document";
import type { GraphRef } from "./edit/graph-at.ts";

export interface SelectionState {
  readonly nodes: ReadonlySet<string>;
  /** By linkKey(). */
  readonly links: ReadonlySet<string>;
  /** By place in the graph's list. */
  readonly groups: ReadonlySet<number>;
  /** Nodes of subgraphs that were entered, from the outside in, by document. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

export interface SelectionChange {
  readonly nodes?: Iterable<string>;
  readonly links?: Iterable<string>;
  readonly groups?: Iterable<number>;
}

export interface Selection {
  readonly store: StoreApi<SelectionState>;
  /** Selects exactly this; without a change, nothing. */
  set(change?: SelectionChange): void;
  add(change: SelectionChange): void;
  toggle(change: SelectionChange): void;
  enter(document: string, node: string): void;
  /** Goes into the subgraphs that these nodes stand for, from the outside in. */
  goTo(document: string, path: readonly string[]): void;
  /** Goes out to a depth: 0 is the document's own graph. */
  leaveTo(document: string, depth: number): void;
}

const NOTHING: ReadonlySet<never> = new Set();
const NO_PATH: readonly string[] = [];

const same = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>) =>
  a.size === b.size && [...a].every((item) => b.has(item));

export function createSelection(): Selection {
  const store = createStore<SelectionState>(() => ({
    nodes: NOTHING,
    links: NOTHING,
    groups: NOTHING,
    paths: {},
  }));
  const put = (
    nodes: ReadonlySet<string>,
    links: ReadonlySet<string>,
    groups: ReadonlySet<number>,
  ) => {
    const now = store.getState();
    if (same(nodes, now.nodes) && same(links, now.links) && same(groups, now.groups)) return;
    store.setState({ nodes, links, groups });
  };
  const merged = <T>(before: ReadonlySet<T>, items: Iterable<T> | undefined, toggles: boolean) => {
    const next = new Set(before);
    for (const item of items ?? []) {
      if (toggles && next.has(item)) next.delete(item);
      else next.add(item);
    }
    return next;
  };
  const change = (by: SelectionChange, toggles: boolean) => {
    const now = store.getState();
    put(
      merged(now.nodes, by.nodes, toggles),
      merged(now.links, by.links, toggles),
      merged(now.groups, by.groups, toggles),
    );
  };
  const walk = (document: string, path: readonly string[]) => {
    const { paths } = store.getState();
    store.setState({
      nodes: NOTHING,
      links: NOTHING,
      groups: NOTHING,
      paths: { ...paths, [document]: path },
    });
  };
  return {
    store,
    set: ({ nodes, links, groups } = {}) =>
      put(new Set(nodes ?? []), new Set(links ?? []), new Set(groups ?? [])),
    add: (by) => change(by, false),
    toggle: (by) => change(by, true),
    enter: (document, node) => walk(document, [...pathOf(store.getState(), document), node]),
    goTo: walk,
    leaveTo: (document, depth) =>
      walk(document, pathOf(store.getState(), document).slice(0, depth)),
  };
}

export function pathOf(state: SelectionState, document: string | null): readonly string[] {
  return document === null ? NO_PATH : (state.paths[document] ?? NO_PATH);
}

/** The graph at the end of a path; the nearest one still there when a node on the way is gone. */
export function refOf(document: GraphDocument, path: readonly string[]): GraphRef {
  let ref: GraphRef = null;
  for (const id of path) {
    const graph: { nodes: GraphDocument["nodes"] } | undefined =
      ref === null ? document : document.subgraphs?.[ref];
    const type: string | undefined = graph?.nodes[id]?.type;
    if (type === undefined || !type.startsWith(SUBGRAPH_PREFIX)) return ref;
    const inner: string = type.slice(SUBGRAPH_PREFIX.length);
    if (document.subgraphs?.[inner] === undefined) return ref;
    ref = inner;
  }
  return ref;
}
