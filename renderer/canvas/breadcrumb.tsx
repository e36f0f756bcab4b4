import { useEditor } from "../editor-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { useCanvas, useScene } from "./canvas-context.tsx";

/** Where one is inside of subgraphs; each step goes back out. */
export function Breadcrumb() {
  const { documents, selection } = useEditor();
  const canvas = useCanvas();
  const document = useScene((state) => state.document);
  const path = useScene((state) => state.path);
  if (document === null || path.length === 0) return null;
  const entry = documents.get(document);
  const names = [entry?.title ?? "", ...titlesOf(canvas, path)];
  return (
    <nav className="breadcrumb float" aria-label="Place in the graph">
      {names.map((name, depth) => (
        <span key={depth} className="row">
          {depth > 0 && <Icon name="chevron-right" size={12} />}
          <button
            type="button"
            aria-current={depth === path.length ? "location" : undefined}
            onClick={() => selection.leaveTo(document, depth)}
          >
            {name}
          </button>
        </span>
      ))}
    </nav>
  );
}

function titlesOf(canvas: ReturnType<typeof useCanvas>, path: readonly string[]): string[] {
  const document = canvas.editor.documents.active()?.document;
  if (document === undefined) return [];
  const titles: string[] = [];
  let graph: Pick<typeof document, "nodes"> = document;
  for (const id of path) {
    const node = graph.nodes[id];
    const subgraph = document.subgraphs?.[node?.type.slice("subgraph:".length) ?? ""];
    titles.push(node?.title ?? subgraph?.title ?? id);
    if (subgraph === undefined) break;
    graph = subgraph;
  }
  return titles;
}
