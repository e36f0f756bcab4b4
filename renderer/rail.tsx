import { useEditor, useEditorStore } from "./editor-context.tsx";
import { useCommands } from "./commands/command-context.tsx";
import { RailBadge } from "./slots.tsx";
import type { PanelName } from "./stores/layout.ts";
import { Icon } from "./ui/icon.tsx";
import type { IconName } from "./ui/icon-paths.ts";
import { Tooltip } from "./ui/tooltip.tsx";

const PANELS: readonly {
  readonly name: PanelName;
  readonly label: string;
  readonly icon: IconName;
}[] = [
  { name: "nodes", label: "Nodes", icon: "nodes" },
  { name: "templates", label: "Templates", icon: "templates" },
  { name: "models", label: "Models", icon: "model" },
  { name: "queue", label: "Queue", icon: "queue" },
  { name: "history", label: "History", icon: "history" },
  { name: "gallery", label: "Gallery", icon: "gallery" },
];

export function Rail() {
  const editor = useEditor();
  const commands = useCommands();
  const open = useEditorStore(
    (e) => e.layout,
    (state) => state.panel,
  );
  return (
    <nav className="rail" aria-label="Panels">
      {PANELS.map(({ name, label, icon }) => (
        <Tooltip key={name} label={label} side="right">
          <button
            type="button"
            className={open === name ? "rail-button on" : "rail-button"}
            aria-expanded={open === name}
            onClick={() => editor.layout.togglePanel(name)}
          >
            <span className="visually-hidden">{label}</span>
            <Icon name={icon} />
            <RailBadge panel={name} />
          </button>
        </Tooltip>
      ))}
      <div className="grow" />
      <Tooltip label="Keys and help" side="right">
        <button
          type="button"
          className="rail-button"
          aria-label="Keys and help"
          onClick={() => commands.run("help.keys")}
        >
          <Icon name="help" />
        </button>
      </Tooltip>
      <Tooltip label="Settings" side="right">
        <button
          type="button"
          className="rail-button"
          aria-label="Settings"
          onClick={() => commands.run("help.settings")}
        >
          <Icon name="settings" />
        </button>
      </Tooltip>
    </nav>
  );
}
