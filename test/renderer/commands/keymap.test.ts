import { expect, test } from "vitest";
import { COMMANDS } from "../../../renderer/commands/all-commands.ts";
import { keyConflicts, keysFromEvent, keysOfCommand } from "../../../renderer/commands/keymap.ts";

test("ids are there once, and no two commands share a default key", () => {
  const ids = COMMANDS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...keyConflicts(COMMANDS, {}).keys()]).toEqual([]);
});

test("the keys that ComfyUI's users know are there", () => {
  const keys = new Map(COMMANDS.map((command) => [command.id, command.keys ?? []]));
  const expected: Record<string, string> = {
    "run.run": "$mod+Enter",
    "run.first": "$mod+Shift+Enter",
    "run.stop": "$mod+Alt+Enter",
    "edit.undo": "$mod+KeyZ",
    "edit.redo": "$mod+KeyY",
    "edit.copy": "$mod+KeyC",
    "edit.paste": "$mod+KeyV",
    "edit.paste-links": "$mod+Shift+KeyV",
    "edit.mute": "$mod+KeyM",
    "edit.bypass": "$mod+KeyB",
    "edit.collapse": "Alt+KeyC",
    "edit.pin": "KeyP",
    "edit.group": "$mod+KeyG",
    "edit.find": "$mod+KeyF",
    "view.fit": ".",
    "view.zoom-in": "Alt+=",
    "help.commands": "$mod+Shift+KeyP",
  };
  for (const [id, key] of Object.entries(expected)) expect(keys.get(id), id).toContain(key);
});

test("a setting replaces a default, and an empty one takes it away", () => {
  const undo = COMMANDS.find(({ id }) => id === "edit.undo")!;
  expect(keysOfCommand(undo, { "edit.undo": "F9" })).toEqual(["F9"]);
  expect(keysOfCommand(undo, { "edit.undo": "" })).toEqual([]);
  expect([...keyConflicts(COMMANDS, { "edit.undo": "$mod+KeyM" }).keys()]).toEqual(["$mod+KeyM"]);
});

test("pressed keys are written as the defaults are", () => {
  const press = (key: string, code: string, ...held: string[]) =>
    keysFromEvent({
      key,
      code,
      ctrlKey: held.includes("ctrl"),
      metaKey: false,
      altKey: held.includes("alt"),
      shiftKey: held.includes("shift"),
    });
  expect(press("Z", "KeyZ", "ctrl", "shift")).toBe("$mod+Shift+KeyZ");
  expect(press(".", "Period")).toBe(".");
  expect(press("Enter", "Enter", "ctrl")).toBe("$mod+Enter");
  expect(press("Control", "ControlLeft", "ctrl")).toBe(null);
});
