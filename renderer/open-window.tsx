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
import type { Shell, WindowInfo } from "./client/shell.ts";
import { connectShell } from "./connect-shell.ts";
import { EditorProvider } from "./editor-context.tsx";
import { firstStart } from "./panels/welcome/first-start.ts";
import { createEditor, type Editor } from "./stores/editor.ts";
import { TooltipProvider } from "./ui/tooltip.tsx";

export function openWindow(client: RuntimeClient, shell: Shell, info: WindowInfo): Editor {
  const editor = createEditor(client, shell, info, localStorage);
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
  void editor.startup.begin(async () => {
    await editor.start();
    connectShell(editor);
    firstStart(editor);
    performance.mark("umbel:interactive");
  });
  return editor;
}
