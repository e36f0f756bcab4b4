import {
  createContext,
  useCallback,
  useContext,
  useSyncExternalStore,
  type ReactNode,
} from "react";
import { useStore } from "zustand";
import type { NodeRunState } from "../stores/run-events.ts";
import type { FoundProblem } from "../stores/problems.ts";
import type { CanvasModel, CanvasState } from "./canvas-model.ts";
import { isChangedSinceRun } from "./changed-nodes.ts";
import type { LinkScene, NodeScene, SceneState } from "./scene.ts";
import type { WireDragState } from "./wire-drag.ts";

const Context = createContext<CanvasModel | null>(null);

export const CanvasProvider = (props: {
  readonly model: CanvasModel;
  readonly children: ReactNode;
}) => <Context value={props.model}>{props.children}</Context>;

export function useCanvas(): CanvasModel {
  const model = useContext(Context);
  if (model === null) throw new Error("Expected a CanvasProvider around this component.");
  return model;
}

export const useScene = <S,>(select: (state: SceneState) => S): S =>
  useStore(useCanvas().scene.store, select);

export const useCanvasState = <S,>(select: (state: CanvasState) => S): S =>
  useStore(useCanvas().store, select);

export const useWire = <S,>(select: (state: WireDragState) => S): S =>
  useStore(useCanvas().wire.store, select);

export const useNodeScene = (id: string): NodeScene | undefined =>
  useScene((state) => state.nodes.get(id));

/** A link as it is drawn now: where it is being moved to, or at rest. */
export function useLink(key: string): LinkScene | undefined {
  const { scene, motion } = useCanvas();
  const subscribe = useCallback(
    (listener: () => void) => {
      const stops = [scene.store.subscribe(listener), motion.onLink(key, listener)];
      return () => stops.forEach((stop) => stop());
    },
    [scene, motion, key],
  );
  return useSyncExternalStore(subscribe, () => motion.link(key));
}

/** The canvas is one stop of the Tab key: the selected node, or else the first. */
export function useTabStop(id: string): 0 | -1 {
  const { editor, scene } = useCanvas();
  return useStore(editor.selection.store, ({ nodes }) => {
    const [selected] = nodes;
    const [first] = scene.store.getState().nodes.keys();
    return (selected ?? first) === id ? 0 : -1;
  });
}

/** The id that the runtime knows a node by. */
export const resolvedId = ({ path }: Pick<SceneState, "path">, id: string): string =>
  path.length === 0 ? id : `${path.join(":")}:${id}`;

export function useNodeRun(id: string): NodeRunState | undefined {
  const { editor, scene } = useCanvas();
  return useStore(editor.runs.store, (state) => {
    const now = scene.store.getState();
    return now.document === null ? undefined : state.nodes[now.document]?.[resolvedId(now, id)];
  });
}

const byNode = new WeakMap<readonly FoundProblem[], Map<string, readonly FoundProblem[]>>();
const NONE: readonly FoundProblem[] = [];

function groupProblems(problems: readonly FoundProblem[]): Map<string, readonly FoundProblem[]> {
  const found = byNode.get(problems);
  if (found !== undefined) return found;
  const groups = new Map<string, FoundProblem[]>();
  for (const problem of problems) {
    if (problem.node === undefined) continue;
    const list = groups.get(problem.node);
    if (list === undefined) groups.set(problem.node, [problem]);
    else list.push(problem);
  }
  byNode.set(problems, groups);
  return groups;
}

/** Problems to mark on a node: empty required inputs only once Run was tried. */
export function useNodeProblems(id: string): readonly FoundProblem[] {
  const { editor, scene } = useCanvas();
  return useStore(editor.problems.store, (state) => {
    const now = scene.store.getState();
    if (now.document === null) return NONE;
    const problems = state.byDocument[now.document];
    if (problems === undefined) return NONE;
    const own = groupProblems(problems).get(resolvedId(now, id)) ?? NONE;
    return state.tried[now.document] === true ? own : marked(own);
  });
}

const early = new WeakMap<readonly FoundProblem[], readonly FoundProblem[]>();

function marked(problems: readonly FoundProblem[]): readonly FoundProblem[] {
  if (problems.length === 0) return NONE;
  let found = early.get(problems);
  if (found === undefined) {
    found = problems.filter(({ code }) => code !== "missing_input");
    if (found.length === 0) found = NONE;
    early.set(problems, found);
  }
  return found;
}

export function useTried(): boolean {
  const { editor, scene } = useCanvas();
  return useStore(editor.problems.store, (state) => {
    const { document } = scene.store.getState();
    return document !== null && state.tried[document] === true;
  });
}

/** Whether a node differs from what its last run had, or depends on one that does. */
export function useChangedSinceRun(id: string): boolean {
  const { editor, scene } = useCanvas();
  return useStore(editor.documents.store, (state) => {
    const { document, ref } = scene.store.getState();
    if (document === null) return false;
    const now = state.open[document]?.document;
    const ran = editor.runs.store.getState().ran[document];
    return now !== undefined && ran !== undefined && isChangedSinceRun(ran, now, ref, id);
  });
}

/** "full" near what is on screen, a bare block elsewhere; tiles and blocks when zoomed out. */
export function useDetail(id: string): "full" | "tile" | "block" {
  return useStore(useCanvas().levels.store, (state) =>
    state.detail !== "full" ? state.detail : state.near.has(id) ? "full" : "block",
  );
}
