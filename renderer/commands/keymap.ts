/** Which keys run which command: the defaults, and what people set instead. */
import type { Command } from "./command.ts";

/** Keys of a command; a setting replaces them, an empty one takes them away. */
export function keysOfCommand(
  command: Command,
  settings: Readonly<Record<string, string>>,
): readonly string[] {
  const own = settings[command.id];
  if (own === undefined) return command.keys ?? [];
  return own === "" ? [] : own.split(",");
}

/** Commands that share a key, by key. */
export function keyConflicts(
  commands: readonly Command[],
  settings: Readonly<Record<string, string>>,
): ReadonlyMap<string, readonly Command[]> {
  const byKey = new Map<string, Command[]>();
  for (const command of commands)
    for (const keys of keysOfCommand(command, settings)) {
      const found = byKey.get(keys) ?? [];
      found.push(command);
      byKey.set(keys, found);
    }
  return new Map([...byKey].filter(([, found]) => found.length > 1));
}

/** Whether typing goes into the element. */
export function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  return (
    target instanceof HTMLInputElement &&
    !["checkbox", "radio", "range", "button", "color", "file"].includes(target.type)
  );
}

/** The pressed keys as tinykeys writes them; null while only modifiers are down. */
export function keysFromEvent(
  event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
): string | null {
  if (/^(Control|Shift|Alt|Meta)$/.test(event.key)) return null;
  const modifiers = [
    event.ctrlKey || event.metaKey ? "$mod" : "",
    event.altKey ? "Alt" : "",
    event.shiftKey ? "Shift" : "",
  ];
  const key = /^(Key|Digit)/.test(event.code) ? event.code : event.key;
  return [...modifiers.filter((name) => name !== ""), key].join("+");
}
