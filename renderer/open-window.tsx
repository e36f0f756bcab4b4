/** Puts the window on the page: makes the editor's state for a client and draws it. */
import "@fontsource-variable/inter/opsz.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/controls.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import type { RuntimeClient } from "#runtime/protocol/client";
import { App } from "./app.tsx";
import { webFiles } from "./client/web-files.ts";
import { EditorProvider } from "./editor-context.tsx";
import { createEditor, type Editor } from "./stores/editor.ts";
import type { Files } from "./stores/files.ts";
import { TooltipProvider } from "./ui/tooltip.tsx";

export function openWindow(client: RuntimeClient, files: Files | null): Editor {
  const editor = createEditor(client, files ?? webFiles, localStorage);
  const root = createRoot(document.getElementById("root")!);
  root.render(
    <StrictMode>
      <EditorProvider editor={editor}>
        <TooltipProvider>
          <App />
        </TooltipProvider>
      </EditorProvider>
    </StrictMode>,
  );
  editor.start().catch((error: unknown) => editor.toasts.fail("The runtime did not answer", error));
  return editor;
}
