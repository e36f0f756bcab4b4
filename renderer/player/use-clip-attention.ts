import type { GraphDocument } from "#runtime/graph/document";
import { useEditorStore } from "../editor-context.tsx";
import { flatGraph } from "../panels/radial/flat-graph.ts";
import { radialNodeOf, samplerOf, type RadialGeometry } from "../panels/radial/geometry.ts";
import { sharesOf, useGeometry, useMask } from "../panels/radial/use-mask.ts";
import { useJobDocument } from "../panels/history/use-job-document.ts";
import type { Clip, LiveClip } from "../stores/player.ts";

export interface ClipAttention {
  readonly kind: "dense" | "radial";
  readonly geometry: RadialGeometry | null;
  /** Query frames down, key frames across; null while they are not known. */
  readonly shares: Float32Array | null;
  readonly frames: number;
}

/** The document that made a clip; null while it is not known. */
export function useClipDocument(clip: Clip | null): GraphDocument | null {
  return useJobDocument(clip?.job ?? null);
}

/** How the frames of a clip saw each other when it was made, or of the one that is being made. */
export function useClipAttention(clip: Clip | null, live: LiveClip | null): ClipAttention | null {
  const past = useClipDocument(live === null ? clip : null);
  const running = useEditorStore(
    (editor) => editor.runs,
    ({ owners, ran }) => {
      const owner = live === null ? undefined : owners[live.job];
      return owner === undefined ? null : (ran[owner] ?? null);
    },
  );
  const document = live === null ? past : running;
  const node = live === null ? (clip?.node ?? null) : live.node;
  const graph = document === null ? null : flatGraph(document);
  const sampler = graph === null || node === null ? null : samplerOf(graph, node);
  const radial = graph === null || sampler === null ? null : radialNodeOf(graph, sampler);
  const geometry = useGeometry(document, radial);
  const mask = useMask(`clip ${live?.job ?? clip?.url ?? ""}`, geometry);
  if (document === null || sampler === null) return null;
  if (radial === null) return { kind: "dense", geometry: null, shares: null, frames: 0 };
  if (mask === null || !mask.current) return { kind: "radial", geometry, shares: null, frames: 0 };
  return {
    kind: "radial",
    geometry,
    shares: sharesOf(mask.mask),
    frames: mask.mask.report.latentFrames,
  };
}
