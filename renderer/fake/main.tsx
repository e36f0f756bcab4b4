/** The window with a client that pretends: `npm run dev:renderer`. */
import { descriptions } from "virtual:node-descriptions";
import { parseDocument } from "#runtime/graph/document";
import { createWebShell, webWindowInfo } from "../client/web-shell.ts";
import { openWindow } from "../open-window.tsx";
import { createFakeClient } from "./fake-client.ts";
import { SAMPLE_FILES, SAMPLE_GRAPHS } from "./sample-graphs.ts";

const client = createFakeClient({ nodes: descriptions, files: SAMPLE_FILES });
const editor = openWindow(
  client,
  createWebShell((file) => client.mediaUrl(file)),
  webWindowInfo(),
);
// For work in the console and for tests in a browser.
Object.assign(globalThis, { umbel: { editor, client } });

for (const [title, graph] of Object.entries(SAMPLE_GRAPHS))
  editor.documents.open(parseDocument(graph), { title, activate: false });
