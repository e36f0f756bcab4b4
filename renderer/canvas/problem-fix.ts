/** What would mend a problem: the nearest class for one that is not known, the nearest file for one that is not there. */
import { setValue } from "../stores/edit/nodes.ts";
import type { FoundProblem } from "../stores/problems.ts";
import { splitFolder } from "../widgets/fuzzy-list.ts";
import type { CanvasModel } from "./canvas-model.ts";
import { replaceNodes } from "./replacing.ts";

export interface Fix {
  readonly label: string;
  /** Of a problem in the graph on screen. */
  readonly run: () => void;
}

export function fixOf(canvas: CanvasModel, problem: FoundProblem): Fix | null {
  const { nearest, code, node, socket } = problem;
  const id = node?.split(":").at(-1);
  if (nearest === undefined || id === undefined) return null;
  if (code === "unknown_node_type") {
    const title = canvas.editor.nodes.store.getState().descriptions.get(nearest)?.title;
    if (title === undefined) return null;
    return { label: `Use ${title}`, run: () => replaceNodes(canvas, [id], nearest) };
  }
  if (code !== "missing_file" || socket === undefined) return null;
  return {
    label: `Use ${splitFolder(nearest)[1]}`,
    run: () => canvas.edit("Use the nearest file", (graph) => setValue(graph, id, socket, nearest)),
  };
}
