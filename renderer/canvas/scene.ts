/**
 * The graph on screen with all that is derived from it: models, layouts, boxes, where links end. What an edit does not
 * touch stays the same object, so that only what changed is drawn again.
 */
import { createStore, type StoreApi } from "zustand/vanilla";
import type {
  DocumentGraph,
  DocumentLink,
  DocumentNode,
  GraphDocument,
} from "#runtime/graph/document";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import { graphAt, type GraphRef } from "../stores/edit/graph-at.ts";
import { FOLDED, foldedBoxes, type Box } from "../stores/edit/groups.ts";
import { linkKey } from "../stores/edit/links.ts";
import type { Point } from "../stores/edit/nodes.ts";
import type { Editor } from "../stores/editor.ts";
import { pathOf, refOf } from "../stores/selection.ts";
import { shortLabel } from "./labels.ts";
import {
  layoutNode,
  type Extras,
  type Heights,
  type Metrics,
  type NodeLayout,
} from "./node-layout.ts";
import { nodeModel, type NodeModel } from "./node-model.ts";
import { NEW_SOCKET } from "../stores/edit/boundaries.ts";
import { boundaryNodes } from "./boundary-nodes.ts";

/** What a node shows; does not change when it only moves on screen. */
export interface NodeScene {
  readonly id: string;
  readonly node: DocumentNode;
  /** Inputs at which links end. */
  readonly linked: ReadonlySet<string>;
  readonly model: NodeModel;
  readonly layout: NodeLayout;
}

export interface LinkScene {
  readonly key: string;
  readonly link: DocumentLink;
  readonly type: string;
  readonly from: Point;
  readonly to: Point;
  readonly via: readonly Point[];
  /** The boxes that it leaves and enters, for links between stacked nodes. */
  readonly fromBox: Box;
  readonly toBox: Box;
}

export interface SceneState {
  readonly document: string | null;
  readonly ref: GraphRef;
  readonly path: readonly string[];
  readonly graph: DocumentGraph | null;
  readonly nodes: ReadonlyMap<string, NodeScene>;
  readonly boxes: ReadonlyMap<string, Box>;
  readonly links: ReadonlyMap<string, LinkScene>;
  readonly linkKeys: readonly string[];
  /** Nodes that are drawn: all but those in folded groups. */
  readonly shown: readonly string[];
}

export interface SceneOptions {
  /** Heights of rows and fields; those for a mouse when absent. */
  readonly metrics?: Metrics;
  /** Estimated height of what a class shows above its fields; null: nothing. */
  readonly featureHeight: (type: string) => number | null;
}

export interface Scene {
  readonly store: StoreApi<SceneState>;
  /** What a part of a node was measured to be high; taken up with all that is measured in the same task. */
  setHeight(node: string, part: string, height: number): void;
  stop(): void;
}

const NO_HEIGHTS: Heights = {};
const NO_LINKS: ReadonlySet<string> = new Set();
export const PREVIEW_ESTIMATE = 134;
const MESSAGE_ESTIMATE = 84;
const MISSING_ESTIMATE = 72;

interface Cached {
  /** As the document held it last; the view's own may stand elsewhere. */
  readonly node: DocumentNode;
  readonly view: NodeScene;
  readonly linked: string;
  readonly descriptions: NodeDescriptions;
  readonly subgraphs: GraphDocument["subgraphs"];
  readonly heights: Heights;
  readonly extras: string;
}

export function createScene(editor: Editor, options: SceneOptions): Scene {
  const store = createStore<SceneState>(() => ({
    document: null,
    ref: null,
    path: [],
    graph: null,
    nodes: new Map(),
    boxes: new Map(),
    links: new Map(),
    linkKeys: [],
    shown: [],
  }));
  const heights = new Map<string, Heights>();
  let cache = new Map<string, Cached>();
  /** What nodes that are gone showed: undo brings the same node back. */
  let shelved = new WeakMap<DocumentNode, Cached>();
  let measured = false;
  let cachedFor = "";

  function extrasOf(type: string, id: string, document: string, path: readonly string[]): Extras {
    const run = editor.runs.store.getState().nodes[document]?.[[...path, id].join(":")];
    const feature = options.featureHeight(type);
    const shows =
      (run?.preview ?? null) !== null ||
      run?.results.some(({ kind }) => kind === "video" || kind === "image");
    return {
      ...(feature === null ? {} : { feature }),
      ...(shows === true ? { preview: PREVIEW_ESTIMATE } : {}),
      ...((run?.error ?? null) !== null ? { message: MESSAGE_ESTIMATE } : {}),
    };
  }

  function update(): void {
    const { active, open } = editor.documents.store.getState();
    const entry = active === null ? undefined : open[active];
    const before = store.getState();
    if (entry === undefined) {
      if (before.document !== null) store.setState({ ...store.getInitialState() }, true);
      return;
    }
    const { document, id: documentId } = entry;
    const path = pathOf(editor.selection.store.getState(), documentId);
    const ref = refOf(document, path);
    const graph = graphAt(document, ref) ?? document;
    const { descriptions } = editor.nodes.store.getState();
    const place = [documentId, ...path].join("/");
    const samePlace = place === cachedFor;
    if (!samePlace) {
      cache = new Map();
      shelved = new WeakMap();
      heights.clear();
      cachedFor = place;
      // What was selected is in another graph.
      editor.selection.set();
    }
    const all = ref === null ? graph.nodes : { ...graph.nodes, ...boundaryNodes(graph) };
    const linked = linkedSockets(graph, "to");
    const used = linkedSockets(graph, "from");
    const nodes = new Map<string, NodeScene>();
    const boxes = new Map<string, Box>();
    const next = new Map<string, Cached>();
    let sameNodes = samePlace && before.nodes.size === Object.keys(all).length;
    let sameBoxes = sameNodes;
    for (const [id, node] of Object.entries(all)) {
      const names = linked.get(id) ?? NO_LINKS;
      // Outputs are known from the class, or else from the links alone.
      const outputs = descriptions.has(node.type) ? NO_LINKS : (used.get(id) ?? NO_LINKS);
      const linkedKey = [...names, "", ...outputs].join(" ");
      const own = heights.get(id) ?? NO_HEIGHTS;
      const extras = extrasOf(node.type, id, documentId, path);
      const extrasKey = Object.keys(extras).join(" ");
      const old = cache.get(id) ?? shelved.get(node);
      let view = old?.view;
      const fresh =
        old === undefined ||
        old.linked !== linkedKey ||
        old.descriptions !== descriptions ||
        old.heights !== own ||
        old.extras !== extrasKey ||
        (node.type.startsWith("subgraph:") && old.subgraphs !== document.subgraphs) ||
        !sameButPlace(old.view.node, node);
      if (fresh || view === undefined) {
        const model =
          boundaryModel(id, node, graph) ?? nodeModel(document, node, names, descriptions, outputs);
        const shown = model.kind === "unknown" ? { message: MISSING_ESTIMATE, ...extras } : extras;
        view = {
          id,
          node,
          linked: names,
          model,
          layout: layoutNode(node, model, own, shown, options.metrics),
        };
        sameNodes = false;
      }
      const { subgraphs } = document;
      next.set(id, {
        node,
        view,
        linked: linkedKey,
        descriptions,
        subgraphs,
        heights: own,
        extras: extrasKey,
      });
      nodes.set(id, view);
      const [x, y] = node.at ?? [0, 0];
      const last = before.boxes.get(id);
      const { width, height } = view.layout;
      if (
        samePlace &&
        last?.x === x &&
        last.y === y &&
        last.width === width &&
        last.height === height
      )
        boxes.set(id, last);
      else {
        boxes.set(id, { x, y, width, height });
        sameBoxes = false;
      }
    }
    for (const [id, old] of cache) if (!next.has(id)) shelved.set(old.node, old);
    cache = next;
    const sceneNodes = sameNodes ? before.nodes : nodes;
    const sceneBoxes = sameBoxes ? before.boxes : boxes;
    const folded = foldedBoxes(graph, sceneBoxes);
    const oldLinks = samePlace ? before.links : new Map<string, LinkScene>();
    const links = sceneLinks(graph, sceneNodes, sceneBoxes, folded, oldLinks);
    const keys = links === before.links ? before.linkKeys : [...links.keys()];
    const shown = [...sceneBoxes.keys()].filter((id) => !folded.has(id));
    store.setState({
      document: documentId,
      ref,
      path,
      graph,
      nodes: sceneNodes,
      boxes: sceneBoxes,
      links,
      linkKeys: sameList(keys, before.linkKeys) ? before.linkKeys : keys,
      shown: sameList(shown, before.shown) ? before.shown : shown,
    });
  }

  function boundaryModel(id: string, node: DocumentNode, graph: DocumentGraph): NodeModel | null {
    if (id !== "$in" && id !== "$out") return null;
    const subgraph = graph as Partial<
      Record<"inputs" | "outputs", { name: string; type: string; label?: string }[]>
    >;
    const side = id === "$in" ? subgraph.inputs : subgraph.outputs;
    const sockets = (side ?? []).map(({ name, type, label = shortLabel(name) }) => ({
      name,
      type,
      label,
      optional: true,
    }));
    sockets.push({ name: NEW_SOCKET, type: "*", label: "new", optional: true });
    return {
      kind: "class",
      classTitle: node.title!,
      title: node.title!,
      look: { tint: "util", icon: "subgraph" },
      description: null,
      inputs: id === "$out" ? sockets : [],
      outputs: id === "$in" ? sockets : [],
      fields: [],
    };
  }

  function sceneLinks(
    graph: DocumentGraph,
    nodes: SceneState["nodes"],
    boxes: SceneState["boxes"],
    folded: ReadonlyMap<string, Box>,
    old: SceneState["links"],
  ): ReadonlyMap<string, LinkScene> {
    const links = new Map<string, LinkScene>();
    let same = true;
    for (const link of graph.links) {
      const key = linkKey(link.to);
      const fromFold = folded.get(link.from[0]);
      const toFold = folded.get(link.to[0]);
      const fromBox = fromFold ?? boxes.get(link.from[0]);
      const toBox = toFold ?? boxes.get(link.to[0]);
      if (fromBox === undefined || toBox === undefined) continue;
      // What runs inside of a folded group is folded with it.
      if (fromFold !== undefined && fromFold === toFold) continue;
      const source = nodes.get(link.from[0])!;
      const target = nodes.get(link.to[0])!;
      const type = source.model.outputs.find(({ name }) => name === link.from[1])?.type ?? "*";
      const fromY =
        fromFold === undefined
          ? (source.layout.outputs.get(link.from[1]) ?? 15)
          : FOLDED.height / 2;
      const toY =
        toFold === undefined ? (target.layout.inputs.get(link.to[1]) ?? 15) : FOLDED.height / 2;
      const via = link.via ?? NO_POINTS;
      const from: Point = [fromBox.x + fromBox.width, fromBox.y + fromY];
      const to: Point = [toBox.x, toBox.y + toY];
      const last = old.get(key);
      if (
        last !== undefined &&
        last.link === link &&
        last.type === type &&
        last.via === via &&
        sameBox(last.fromBox, fromBox) &&
        sameBox(last.toBox, toBox) &&
        last.from[1] === from[1] &&
        last.to[1] === to[1]
      ) {
        links.set(key, last);
        continue;
      }
      same = false;
      links.set(key, { key, link, type, from, to, via, fromBox, toBox });
    }
    return same && links.size === old.size ? old : links;
  }

  const stops = [
    editor.documents.store.subscribe(update),
    editor.selection.store.subscribe((state, last) => state.paths !== last.paths && update()),
    editor.nodes.store.subscribe(
      (state, last) => state.descriptions !== last.descriptions && update(),
    ),
    editor.runs.store.subscribe((state, last) => {
      const { active } = editor.documents.store.getState();
      if (active !== null && state.nodes[active] !== last.nodes[active]) update();
    }),
  ];
  update();

  return {
    store,
    setHeight(node, part, height) {
      const before = heights.get(node) ?? NO_HEIGHTS;
      if (before[part] === height) return;
      heights.set(node, { ...before, [part]: height });
      if (measured) return;
      measured = true;
      queueMicrotask(() => {
        measured = false;
        update();
      });
    },
    stop: () => stops.forEach((stop) => stop()),
  };
}

const NO_POINTS: readonly Point[] = [];

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a === b || (a.length === b.length && a.every((item, i) => item === b[i]));

function linkedSockets(
  graph: DocumentGraph,
  end: "from" | "to",
): ReadonlyMap<string, ReadonlySet<string>> {
  const linked = new Map<string, Set<string>>();
  for (const link of graph.links) {
    const [node, socket] = link[end];
    const names = linked.get(node);
    if (names === undefined) linked.set(node, new Set([socket]));
    else names.add(socket);
  }
  return linked;
}

/** Whether two states of a node differ in nothing but where it is. */
function sameButPlace(a: DocumentNode, b: DocumentNode): boolean {
  if (a === b) return true;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  keys.delete("at");
  return [...keys].every((key) => a[key] === b[key]);
}

const sameBox = (a: Box, b: Box): boolean =>
  a === b || (a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height);
