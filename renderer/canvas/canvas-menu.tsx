import { useCommands } from "../commands/command-context.tsx";
import { MenuAt } from "../ui/menu.tsx";
import { useCanvas, useCanvasState } from "./canvas-context.tsx";
import { menuEntries } from "./menu-entries.ts";

/** The context menu of what was clicked: the ground, a node, a group, a link, a field. */
export function CanvasMenu() {
  const canvas = useCanvas();
  const commands = useCommands();
  const menu = useCanvasState((state) => state.menu);
  if (menu === null) return null;
  return (
    <MenuAt
      key={`${menu.at.x} ${menu.at.y}`}
      at={menu.at}
      entries={menuEntries(canvas, commands, menu)}
      onClose={() => canvas.store.setState({ menu: null })}
    />
  );
}
