/** Nodes of the graph on screen made nodes of another class. */
import type { DocumentLink } from "#runtime/graph/document";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { acceptedType } from "../stores/edit/accepted-type.ts";
import { linkKey } from "../stores/edit/links.ts";
import { keeps, replaceNode, type LinkTypes } from "../stores/edit/replace.ts";
import type { CanvasModel } from "./canvas-model.ts";

function linkTypes({ scene }: CanvasModel): LinkTypes {
  const { links, nodes } = scene.store.getState();
  return {
    given: ({ to }) => links.get(linkKey(to))?.type ?? "*",
    wanted: ({ to }: DocumentLink) => {
      const model = nodes.get(to[0])?.model;
      const field = model?.fields.find(({ input }) => input.name === to[1])?.input;
      if (field !== undefined) return acceptedType(field.kind, field.type);
      return model?.inputs.find(({ name }) => name === to[1])?.type ?? "*";
    },
  };
}

/** Classes by how much of a node they keep, most first. */
export function byWhatTheyKeep(canvas: CanvasModel, id: string): readonly NodeDescription[] {
  const { graph } = canvas.scene.store.getState();
  const node = graph?.nodes[id];
  if (graph === null || node === undefined) return [];
  const types = linkTypes(canvas);
  return [...canvas.editor.nodes.store.getState().descriptions.values()]
    .filter(({ type, deprecated }) => type !== node.type && !deprecated)
    .map((to) => ({ to, score: keeps(graph, id, to, types) }))
    .toSorted((a, b) => b.score - a.score)
    .map(({ to }) => to);
}

/** One step of undo; says which links found no place. */
export function replaceNodes(canvas: CanvasModel, ids: readonly string[], type: string): void {
  const { nodes, toasts } = canvas.editor;
  const to = nodes.store.getState().descriptions.get(type);
  if (to === undefined) return;
  const types = linkTypes(canvas);
  let dropped = 0;
  canvas.edit(`Replace with ${to.title}`, (graph) => {
    dropped = 0;
    let next = graph;
    for (const id of ids) {
      const done = replaceNode(next, id, to, types);
      next = done.graph;
      dropped += done.dropped;
    }
    return next;
  });
  if (dropped > 0)
    toasts.show({
      kind: "info",
      title: dropped === 1 ? "One link is gone" : `${dropped} links are gone`,
      detail: `${to.title} has no socket that they fit. Undo brings them back.`,
    });
}
