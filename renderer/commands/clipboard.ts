/** Copy and paste, also between windows and as JSON: the clipboard holds a small document as text. */
import { clipText, makeClip, pasteClip, readClip, type Clip } from "../stores/edit/copies.ts";
import { withGraph } from "../stores/edit/graph-at.ts";
import { groupsWithContent, type Box } from "../stores/edit/groups.ts";
import type { Point } from "../stores/edit/nodes.ts";
import type { SelectionChange } from "../stores/selection.ts";
import type { CommandContext } from "./command.ts";

const NO_BOXES: ReadonlyMap<string, Box> = new Map();

/** For windows whose clipboard cannot be read. */
let held: string | null = null;

/** Copies what is selected, groups with what they hold; all that was copied, null without a graph. */
export async function copySelection({
  editor,
  model,
}: CommandContext): Promise<SelectionChange | null> {
  const document = editor.documents.active()?.document;
  const { graph = null, boxes = NO_BOXES } = model?.scene.store.getState() ?? {};
  if (document === undefined || graph === null) return null;
  const selection = editor.selection.store.getState();
  const content = groupsWithContent(graph, selection.groups, boxes);
  const nodes = new Set([...selection.nodes, ...content.nodes]);
  const { groups } = content;
  held = clipText(makeClip(document, graph, nodes, groups));
  try {
    await navigator.clipboard.writeText(held);
  } catch {
    // It is held here; other windows cannot have it.
  }
  return { nodes, groups };
}

async function readText(): Promise<string | null> {
  try {
    const text = await navigator.clipboard.readText();
    return text.trim() === "" ? held : text;
  } catch {
    return held;
  }
}

/** Puts what the clipboard holds under the pointer; a workflow of another kind opens in a tab of its own. */
export async function pasteAt(context: CommandContext, withLinks: boolean): Promise<void> {
  const { editor, model, canvas } = context;
  const text = await readText();
  if (text === null || model === null) return;
  const clip = readClip(text);
  if (clip !== null) return pasteIntoGraph(context, clip, canvas.pointer(), withLinks);
  if (!text.trimStart().startsWith("{")) return;
  try {
    const data = new TextEncoder().encode(text);
    const { document } = await editor.client.call("graph.open", { name: "pasted.json", data });
    editor.documents.open(document, { title: document.title ?? "pasted" });
  } catch (error) {
    editor.toasts.fail("What the clipboard holds is no graph", error);
  }
}

export function pasteIntoGraph(
  { editor, model }: CommandContext,
  clip: Clip,
  at: Point,
  withLinks: boolean,
): void {
  const places = [
    ...Object.values(clip.nodes).map((node) => node.at ?? [0, 0]),
    ...clip.groups.map((group) => group.at),
  ];
  if (places.length === 0 || model === null) return;
  const left = Math.min(...places.map(([x]) => x!));
  const top = Math.min(...places.map(([, y]) => y!));
  const offset: Point = [Math.round(at[0] - left), Math.round(at[1] - top)];
  const { ref } = model.scene.store.getState();
  let chosen: SelectionChange = {};
  model.editDocument("Paste", (document) => {
    const subgraphs = { ...clip.subgraphs, ...document.subgraphs };
    const base = Object.keys(clip.subgraphs).length === 0 ? document : { ...document, subgraphs };
    return withGraph(base, ref, (graph) => {
      const pasted = pasteClip(graph, clip, offset, withLinks);
      chosen = { nodes: pasted.added, groups: pasted.addedGroups };
      return pasted.graph;
    });
  });
  editor.selection.set(chosen);
}
