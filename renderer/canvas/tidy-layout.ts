/** A layered layout of the graph, left to right, with nodes of a chain on one line where they can be. */
import type { ELK } from "elkjs/lib/elk-api.js";
import type { Box } from "../stores/edit/groups.ts";
import type { Point } from "../stores/edit/nodes.ts";
import { highest } from "./preview-room.ts";
import type { SceneState } from "./scene.ts";

const BETWEEN_LAYERS = "72";
const BETWEEN_NODES = "32";

/** Where each of the nodes goes; their top left corner stays. */
export async function tidyLayout(
  { boxes, links, nodes: views }: Pick<SceneState, "boxes" | "links" | "nodes">,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Point>> {
  const chosen = [...boxes].filter(([id]) => ids.has(id));
  if (chosen.length === 0) return new Map();
  const bundle: unknown = await import("elkjs/lib/elk.bundled.js");
  const elk = new (bundle as { readonly default: new () => ELK }).default();
  const port = (node: string, side: "in" | "out", socket: string) => `${node}|${side}|${socket}`;
  const children = chosen.map(([id, { width }]) => {
    const view = views.get(id)!;
    const { layout } = view;
    return {
      id,
      width,
      height: highest({ nodes: views, links }, view),
      layoutOptions: { "elk.portConstraints": "FIXED_POS" },
      ports: [
        ...[...layout.inputs].map(([name, y]) => ({
          id: port(id, "in", name),
          x: 0,
          y,
          width: 0,
          height: 0,
        })),
        ...[...layout.outputs].map(([name, y]) => ({
          id: port(id, "out", name),
          x: width,
          y,
          width: 0,
          height: 0,
        })),
      ],
    };
  });
  const known = new Set(children.flatMap(({ ports }) => ports.map(({ id }) => id)));
  const edges = [...links.values()].flatMap(({ key, link }) => {
    const source = port(link.from[0], "out", link.from[1]);
    const target = port(link.to[0], "in", link.to[1]);
    return known.has(source) && known.has(target)
      ? [{ id: key, sources: [source], targets: [target] }]
      : [];
  });
  const done = await elk.layout({
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.layered.spacing.nodeNodeBetweenLayers": BETWEEN_LAYERS,
      "elk.spacing.nodeNode": BETWEEN_NODES,
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children,
    edges,
  });
  const left = Math.min(...chosen.map(([, { x }]) => x));
  const top = Math.min(...chosen.map(([, { y }]) => y));
  const laid = done.children ?? [];
  const ox = Math.min(...laid.map(({ x = 0 }) => x));
  const oy = Math.min(...laid.map(({ y = 0 }) => y));
  return new Map(
    laid.map(({ id, x = 0, y = 0 }) => [id, [Math.round(left + x - ox), Math.round(top + y - oy)]]),
  );
}

/** Moves nodes from where they are to where they go, over a moment. */
export function glide(
  boxes: ReadonlyMap<string, Box>,
  to: ReadonlyMap<string, Point>,
  ms: number,
  show: (places: ReadonlyMap<string, Point>) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const begun = performance.now();
    const frame = (now: number) => {
      const t = ms === 0 ? 1 : Math.min(1, (now - begun) / ms);
      const eased = 1 - (1 - t) ** 3;
      const places = [...to].map(([id, [x, y]]) => {
        const from = boxes.get(id)!;
        return [
          id,
          [from.x + (x - from.x) * eased, from.y + (y - from.y) * eased] as Point,
        ] as const;
      });
      show(new Map(places));
      if (t < 1) requestAnimationFrame(frame);
      else resolve();
    };
    requestAnimationFrame(frame);
  });
}
