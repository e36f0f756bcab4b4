/** Room for the clip that a node will show while it samples and when it is done, so that it grows over nothing. */
import type { NodeScene, SceneState } from "./scene.ts";

const SIDE = 8;
const GAP = 2;

/** Samplers show the unfinished clip, outputs what they made. */
function showsClips({ model: { description } }: NodeScene): boolean {
  if (description === null) return false;
  if (description.output) return true;
  const { category, outputs } = description;
  return category === "sampling" && outputs.some(({ type }) => type === "LATENT");
}

/** Height over width of what reaches a node: of the nearest node before it that has both; square when none has. */
function aspectOf({ nodes, links }: Pick<SceneState, "nodes" | "links">, id: string): number {
  const before = new Map<string, string[]>();
  for (const { link } of links.values())
    before.set(link.to[0], [...(before.get(link.to[0]) ?? []), link.from[0]]);
  const seen = new Set<string>();
  const open = [id];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const { width, height } = nodes.get(at)?.node.values ?? {};
    if (typeof width === "number" && typeof height === "number" && width > 0) return height / width;
    open.push(...(before.get(at) ?? []));
  }
  return 1;
}

/** How high a node may become. */
export function highest(state: Pick<SceneState, "nodes" | "links">, view: NodeScene): number {
  const { layout, node, id } = view;
  if (node.collapsed === true || !showsClips(view)) return layout.height;
  const room = Math.round((layout.width - 2 * SIDE) * Math.min(2, aspectOf(state, id))) + GAP;
  return layout.shows ? layout.height : layout.height + room;
}
