/** React Flow as it comes, with a graph of the same size, to be measured beside the window. */
import { Background, MiniMap, ReactFlow, useEdgesState, useNodesState } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { stressGraph } from "./stress-graph.ts";

const query = new URLSearchParams(location.search);
const graph = stressGraph(Number(query.get("nodes")), Number(query.get("links")));
const allNodes = Object.entries(graph.nodes).map(([id, { at = [0, 0], type }]) => ({
  id,
  position: { x: at[0] ?? 0, y: at[1] ?? 0 },
  data: { label: type },
}));
const allEdges = graph.links.map(({ from, to }, i) => ({
  id: `e${i}`,
  source: from[0],
  target: to[0],
}));

const bench: Record<string, (count: number) => void> = {};
/** What was there before the last deletion. */
let before = { nodes: allNodes, edges: allEdges };

function Flow() {
  const [nodes, setNodes, onNodesChange] = useNodesState(allNodes);
  const [edges, setEdges, onEdgesChange] = useEdgesState(allEdges);
  useEffect(() => {
    Object.assign(bench, {
      remove(count: number) {
        before = { nodes, edges };
        const kept = nodes.slice(count);
        const ids = new Set(kept.map(({ id }) => id));
        setNodes(kept);
        setEdges(edges.filter(({ source, target }) => ids.has(source) && ids.has(target)));
      },
      undo() {
        setNodes(before.nodes);
        setEdges(before.edges);
      },
    });
  });
  return (
    <div style={{ position: "fixed", inset: 0 }}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        minZoom={0.05}
        fitView
      >
        <Background />
        <MiniMap />
      </ReactFlow>
    </div>
  );
}

function Page() {
  const [open, setOpen] = useState(false);
  bench["open"] = () => setOpen(true);
  Object.assign(globalThis, { bench });
  return open ? <Flow /> : null;
}

createRoot(document.getElementById("root")!).render(<Page />);
