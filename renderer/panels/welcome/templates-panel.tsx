import { useMemo, useState } from "react";
import { useEditor } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { PanelHead } from "../panel-head.tsx";
import { openTemplate } from "./open-template.ts";
import { TemplateCard } from "./template-card.tsx";
import { loadTemplates, type Template } from "./templates.ts";
import "./welcome.css";

/** The templates in the rail's panel. */
export function TemplatesPanel() {
  const editor = useEditor();
  const templates = useMemo(loadTemplates, []);
  const [chosen, setChosen] = useState(0);
  const open = (template: Template): void => {
    openTemplate(editor, template);
    // It lies over the graph that was asked for.
    if (!editor.layout.store.getState().panelPinned) editor.layout.set({ panel: null });
  };
  return (
    <div className="panel-content">
      <PanelHead title="Templates" count={templates.length}>
        <Button kind="quiet" small onClick={() => editor.layout.set({ overlay: "welcome" })}>
          Full page
        </Button>
      </PanelHead>
      <div className="template-list">
        {templates.map((template, i) => (
          <TemplateCard
            key={template.id}
            template={template}
            chosen={i === chosen}
            onChoose={() => setChosen(i)}
            onOpen={() => open(template)}
          />
        ))}
      </div>
    </div>
  );
}
