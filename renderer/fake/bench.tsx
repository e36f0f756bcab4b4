/** The window with a large graph, to be measured by scripts/bench-editor. */
import { descriptions } from "virtual:node-descriptions";
import { createWebShell, webWindowInfo } from "../client/web-shell.ts";
import { openWindow } from "../open-window.tsx";
import { createFakeClient } from "./fake-client.ts";
import { stressGraph } from "./stress-graph.ts";

const query = new URLSearchParams(location.search);
const graph = stressGraph(Number(query.get("nodes")), Number(query.get("links")));
const client = createFakeClient({ nodes: descriptions });
const editor = openWindow(
  client,
  createWebShell((file) => client.mediaUrl(file)),
  webWindowInfo(),
);

Object.assign(globalThis, {
  bench: {
    open: () => editor.documents.open(graph, { title: "stress" }),
    undo: () => editor.documents.undo(),
    remove: (count: number) =>
      editor.documents.edit("Delete", (document) => {
        const gone = new Set(Array.from({ length: count }, (_, i) => `n${i}`));
        const nodes = Object.entries(document.nodes).filter(([id]) => !gone.has(id));
        const links = document.links.filter(
          ({ from, to }) => !gone.has(from[0]) && !gone.has(to[0]),
        );
        return { ...document, nodes: Object.fromEntries(nodes), links };
      }),
  },
});
