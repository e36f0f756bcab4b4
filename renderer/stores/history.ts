/** Undo and redo of one document. Documents share structure, so a step costs what it changed. */
import type { GraphDocument } from "#runtime/graph/document";

export interface Step {
  /** In words, for the menu: "Move 3 nodes". */
  readonly label: string;
  /** The document before it (in `undo`) or after it (in `redo`). */
  readonly document: GraphDocument;
}

export interface History {
  readonly undo: readonly Step[];
  readonly redo: readonly Step[];
  /** Edits with the same key in a row are one step, as the letters of a word are. */
  readonly merge: { readonly key: string; readonly until: number } | null;
}

export const EMPTY_HISTORY: History = { undo: [], redo: [], merge: null };

const MOST_STEPS = 500;
const MERGE_MS = 1000;

export function record(
  history: History,
  before: GraphDocument,
  label: string,
  mergeKey: string | undefined,
  now: number,
): History {
  const merge = mergeKey === undefined ? null : { key: mergeKey, until: now + MERGE_MS };
  const continues =
    mergeKey !== undefined && history.merge?.key === mergeKey && now <= history.merge.until;
  if (continues) return { ...history, redo: [], merge };
  return {
    undo: [...history.undo.slice(-(MOST_STEPS - 1)), { label, document: before }],
    redo: [],
    merge,
  };
}

interface Travelled {
  readonly history: History;
  readonly document: GraphDocument;
  readonly label: string;
}

export function stepBack(history: History, now: GraphDocument): Travelled | null {
  const step = history.undo.at(-1);
  if (step === undefined) return null;
  return {
    label: step.label,
    document: step.document,
    history: {
      undo: history.undo.slice(0, -1),
      redo: [...history.redo, { label: step.label, document: now }],
      merge: null,
    },
  };
}

export function stepForward(history: History, now: GraphDocument): Travelled | null {
  const step = history.redo.at(-1);
  if (step === undefined) return null;
  return {
    label: step.label,
    document: step.document,
    history: {
      undo: [...history.undo, { label: step.label, document: now }],
      redo: history.redo.slice(0, -1),
      merge: null,
    },
  };
}
