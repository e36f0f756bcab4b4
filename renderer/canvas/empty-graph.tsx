import { useCommands } from "../commands/command-context.tsx";
import { useEditorStore } from "../editor-context.tsx";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/mark.tsx";

export function EmptyGraph() {
  const commands = useCommands();
  const open = useEditorStore(
    (editor) => editor.documents,
    (state) => state.active !== null,
  );
  return (
    <div className="empty-graph">
      <Mark size={40} />
      <p className="medium">{open ? "Nothing here yet" : "No graph is open"}</p>
      <p className="t2">
        {open
          ? "Double-click for a node, or drop a video to open its graph."
          : "Start a new one, or drop a video to open its graph."}
      </p>
      <Button onClick={() => commands.run(open ? "help.welcome" : "file.new")}>
        {open ? "Start from a template" : "New graph"}
      </Button>
    </div>
  );
}
