import type { Command } from "./command.ts";
import { ARRANGE_COMMANDS } from "./arrange-commands.ts";
import { EDIT_COMMANDS } from "./edit-commands.ts";
import { FILE_COMMANDS, HELP_COMMANDS, RUN_COMMANDS, VIEW_COMMANDS } from "./window-commands.ts";

/** Everything the window can do. */
export const COMMANDS: readonly Command[] = [
  ...RUN_COMMANDS,
  ...EDIT_COMMANDS,
  ...ARRANGE_COMMANDS,
  ...VIEW_COMMANDS,
  ...FILE_COMMANDS,
  ...HELP_COMMANDS,
];
