import type { Command } from "./command.ts";
import { ARRANGE_COMMANDS } from "./arrange-commands.ts";
import { EDIT_COMMANDS } from "./edit-commands.ts";
import { MODEL_COMMANDS, PLAYER_COMMANDS, QUEUE_COMMANDS } from "./panel-commands.ts";
import { FILE_COMMANDS, HELP_COMMANDS, RUN_COMMANDS, VIEW_COMMANDS } from "./window-commands.ts";

/** Everything the window can do. */
export const COMMANDS: readonly Command[] = [
  ...RUN_COMMANDS,
  ...QUEUE_COMMANDS,
  ...PLAYER_COMMANDS,
  ...EDIT_COMMANDS,
  ...ARRANGE_COMMANDS,
  ...VIEW_COMMANDS,
  ...FILE_COMMANDS,
  ...MODEL_COMMANDS,
  ...HELP_COMMANDS,
];
