import { useMemo } from "react";
import { useEditorStore } from "../editor-context.tsx";
import {
  compareDocuments,
  documentOf,
  type DocumentComparison,
} from "../panels/compare/document-differences.ts";
import type { Clip } from "../stores/player.ts";
import { useClipDocument } from "./use-clip-attention.ts";

/** What made two clips, side by side; null while a document is not known. A clip beside itself tells what made it. */
export function useComparedDocuments(a: Clip, b: Clip): DocumentComparison | null {
  const [left, right] = [useClipDocument(a), useClipDocument(b)];
  const descriptions = useEditorStore(
    (editor) => editor.nodes,
    (state) => state.descriptions,
  );
  return useMemo(
    () =>
      left === null || right === null
        ? null
        : compareDocuments(documentOf(left, a.node), documentOf(right, b.node), descriptions),
    [left, right, a.node, b.node, descriptions],
  );
}
