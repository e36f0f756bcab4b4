import fuzzysort from "fuzzysort";
import { useEffect, useMemo, useState } from "react";
import type { Command } from "../commands/command.ts";
import { useCommands } from "../commands/command-context.tsx";
import { keyConflicts, keysFromEvent, keysOfCommand } from "../commands/keymap.ts";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Kbd } from "../ui/kbd.tsx";

/** Every command with its key; a key is changed by clicking it and pressing another. */
export function KeysList() {
  const commands = useCommands();
  const { settings } = useEditor();
  const keys = useEditorStore(
    (editor) => editor.settings,
    (state) => state.keys,
  );
  const [query, setQuery] = useState("");
  const [recording, setRecording] = useState<string | null>(null);
  const conflicts = useMemo(() => keyConflicts(commands.all, keys), [commands, keys]);
  const listed = useMemo(
    () =>
      query.trim() === ""
        ? commands.all
        : fuzzysort
            .go(query, commands.all, { keys: ["title", "group"], threshold: 0.3 })
            .map(({ obj }) => obj),
    [commands, query],
  );
  const set = (id: string, value: string | null) => {
    const { [id]: _, ...rest } = keys;
    void settings.set({ keys: value === null ? rest : { ...rest, [id]: value } });
  };
  useRecording(recording, (id, value) => {
    setRecording(null);
    if (value !== null) set(id, value);
  });
  const groups = [...new Set(listed.map(({ group }) => group))];
  return (
    <div
      className="palette pop centred keys"
      role="dialog"
      aria-label="Keys"
      onKeyDown={(event) => {
        if (event.key === "Escape" && recording === null) commands.openPalette(null);
      }}
    >
      <div className="palette-head">
        <Icon name="help" />
        <input
          autoFocus
          aria-label="Find a key or command"
          placeholder="Find a command"
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
        <Button
          small
          kind="quiet"
          disabled={Object.keys(keys).length === 0}
          onClick={() => void settings.set({ keys: {} })}
        >
          Reset all
        </Button>
        <Kbd keys="Escape" />
      </div>
      <div className="palette-list">
        {groups.map((group) => (
          <section key={group} aria-label={group}>
            <h3 className="cap palette-heading">{group}</h3>
            {listed
              .filter((command) => command.group === group)
              .map((command) => (
                <KeyRow
                  key={command.id}
                  command={command}
                  keys={keysOfCommand(command, keys)}
                  changed={command.id in keys}
                  recording={recording === command.id}
                  conflict={keysOfCommand(command, keys)
                    .flatMap((key) => conflicts.get(key) ?? [])
                    .find((other) => other !== command)}
                  onRecord={() => setRecording(command.id)}
                  onReset={() => set(command.id, null)}
                />
              ))}
          </section>
        ))}
      </div>
      <div className="palette-foot">
        Click a key, then press the new one. <Kbd keys="Backspace" /> takes it away.
      </div>
    </div>
  );
}

function KeyRow(props: {
  readonly command: Command;
  readonly keys: readonly string[];
  readonly changed: boolean;
  readonly recording: boolean;
  readonly conflict: Command | undefined;
  readonly onRecord: () => void;
  readonly onReset: () => void;
}) {
  const { command, keys, changed, recording, conflict, onRecord, onReset } = props;
  return (
    <div className="list-item key-row">
      <span className="ellipsis grow">{command.title}</span>
      {conflict !== undefined && <span className="warn-text">also {conflict.title}</span>}
      {changed && (
        <Button small kind="quiet" onClick={onReset}>
          Reset
        </Button>
      )}
      <button
        type="button"
        className="key-button"
        aria-label={`Key of ${command.title}: ${keys.length === 0 ? "none" : keys.join(" or ")}`}
        onClick={onRecord}
      >
        {recording ? (
          <span className="chip live">Press a key</span>
        ) : keys.length === 0 ? (
          <span className="t3">none</span>
        ) : (
          keys.map((key) => <Kbd key={key} keys={key} />)
        )}
      </button>
    </div>
  );
}

function useRecording(id: string | null, onDone: (id: string, keys: string | null) => void): void {
  useEffect(() => {
    if (id === null) return;
    const listen = (event: KeyboardEvent) => {
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") return onDone(id, null);
      if (event.key === "Backspace") return onDone(id, "");
      const keys = keysFromEvent(event);
      if (keys !== null) onDone(id, keys);
    };
    window.addEventListener("keydown", listen, true);
    return () => window.removeEventListener("keydown", listen, true);
  });
}
