import { useEffect, useState } from "react";
import { useCommands } from "./commands/command-context.tsx";
import { Chip } from "./ui/chip.tsx";

const GRAPH_FILE = /\.(json|png|webp|mp4|webm)$/i;

/** Files that are dropped on the window, outside of a field that takes them, open their graph. */
export function FileDrop() {
  const commands = useCommands();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    const onOver = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const onDrop = (event: DragEvent) => {
      setOver(false);
      if (!holdsFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      for (const file of event.dataTransfer?.files ?? [])
        if (GRAPH_FILE.test(file.name)) void commands.openFile(file);
    };
    window.addEventListener("dragover", onOver);
    window.addEventListener("dragleave", onLeave);
    window.addEventListener("drop", onDrop);
    return () => {
      window.removeEventListener("dragover", onOver);
      window.removeEventListener("dragleave", onLeave);
      window.removeEventListener("drop", onDrop);
    };
  }, [commands]);
  return over ? (
    <div className="drop-over">
      <Chip tone="live">Open its graph</Chip>
    </div>
  ) : null;
}
