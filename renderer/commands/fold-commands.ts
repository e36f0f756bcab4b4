/** Groups and subgraphs made of what is selected. */
import { SUBGRAPH_PREFIX, DOCUMENT_VERSION, type GraphDocument } from "#runtime/graph/document";
import { serializeDocument } from "#runtime/graph/serialize";
import { makeClip } from "../stores/edit/copies.ts";
import { addGroup, aroundBoxes } from "../stores/edit/groups.ts";
import { makeSubgraph, unpackSubgraph } from "../stores/edit/subgraphs.ts";
import type { CommandContext } from "./command.ts";

export function groupSelection({ editor, model }: CommandContext): void {
  if (model === null) return;
  const { boxes, graph } = model.scene.store.getState();
  const ids = [...editor.selection.store.getState().nodes];
  const chosen = ids.flatMap((id) => boxes.get(id) ?? []);
  if (chosen.length === 0) return;
  const index = graph?.groups?.length ?? 0;
  model.edit("Group", (now) => addGroup(now, { title: "Group", ...aroundBoxes(chosen) }));
  model.store.setState({ renaming: `group:${index}` });
}

export function subgraphFromSelection({ editor, model }: CommandContext): void {
  if (model === null) return;
  const { ref, nodes } = model.scene.store.getState();
  const chosen = editor.selection.store.getState().nodes;
  let made: string | null = null;
  model.editDocument("Make a subgraph", (document) => {
    const result = makeSubgraph(document, ref, chosen, "Subgraph", (node, socket, side) => {
      const view = nodes.get(node)?.model;
      const sockets = side === "out" ? view?.outputs : view?.inputs;
      return sockets?.find(({ name }) => name === socket)?.type ?? "*";
    });
    made = result.node;
    return result.document;
  });
  if (made === null) return;
  editor.selection.set({ nodes: [made] });
  model.store.setState({ renaming: made });
}

export function unpackSelection({ editor, model }: CommandContext): void {
  const [id] = editor.selection.store.getState().nodes;
  if (model === null || id === undefined) return;
  const { ref } = model.scene.store.getState();
  let added: readonly string[] = [];
  model.editDocument("Unpack", (document) => {
    const result = unpackSubgraph(document, ref, id);
    added = result.added;
    return result.document;
  });
  editor.selection.set({ nodes: added });
}

/** Saves a subgraph as a file of its own; opened or pasted anywhere, it is there again. */
export async function saveBlock({ editor, model }: CommandContext): Promise<void> {
  const [id] = editor.selection.store.getState().nodes;
  const document = editor.documents.active()?.document;
  const graph = model?.scene.store.getState().graph ?? null;
  if (id === undefined || document === undefined || graph === null) return;
  const clip = makeClip(document, graph, new Set([id]), new Set());
  const subgraph = graph.nodes[id]?.type.slice(SUBGRAPH_PREFIX.length) ?? "";
  const title = graph.nodes[id]?.title ?? clip.subgraphs[subgraph]?.title ?? "block";
  const block: GraphDocument = {
    umbel: DOCUMENT_VERSION,
    title,
    nodes: { ...clip.nodes },
    links: [],
    subgraphs: clip.subgraphs,
  };
  keepBlock(title, block);
  editor.toasts.show({
    kind: "done",
    title: `${title} is a block`,
    detail: "Search finds it in every graph.",
    action: {
      label: "Export",
      run: () => {
        const data = new TextEncoder().encode(serializeDocument(block));
        void editor.shell.saveAs("graph", `${title}.json`, data);
      },
    },
  });
}

const KEY = "umbel.blocks";

/** Blocks of this user, by title. */
export function savedBlocks(): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function keepBlock(title: string, block: GraphDocument): void {
  localStorage.setItem(KEY, JSON.stringify({ ...savedBlocks(), [title]: block }));
}
