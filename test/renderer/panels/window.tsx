/** A part of the window with a client that pretends, for component tests. */
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { createWebShell, webWindowInfo } from "../../../renderer/client/web-shell.ts";
import { CommandProvider } from "../../../renderer/commands/command-context.tsx";
import { EditorProvider } from "../../../renderer/editor-context.tsx";
import { createFakeClient, type FakeClient } from "../../../renderer/fake/fake-client.ts";
import { PanelsProvider, usePanels } from "../../../renderer/panels/panels-context.tsx";
import { createEditor, type Editor } from "../../../renderer/stores/editor.ts";
import type { Panels } from "../../../renderer/stores/panels.ts";
import { TooltipProvider } from "../../../renderer/ui/tooltip.tsx";

export interface TestWindow {
  readonly editor: Editor;
  readonly client: FakeClient;
  readonly panels: Panels;
}

export function openTestWindow(children: ReactNode): TestWindow {
  const client = createFakeClient({ nodes: [] });
  const editor = createEditor(
    client,
    createWebShell((file) => client.mediaUrl(file)),
    webWindowInfo(),
  );
  let panels: Panels | null = null;
  const Take = () => {
    panels = usePanels();
    return null;
  };
  render(
    <EditorProvider editor={editor}>
      <TooltipProvider>
        <CommandProvider>
          <PanelsProvider>
            <Take />
            {children}
          </PanelsProvider>
        </CommandProvider>
      </TooltipProvider>
    </EditorProvider>,
  );
  if (panels === null) throw new Error("Expected the panels' state, got none.");
  return { editor, client, panels };
}
