import { Command } from "cmdk";
import fuzzysort from "fuzzysort";
import { useMemo, useState } from "react";
import type { Command as AppCommand } from "../commands/command.ts";
import { openRecent } from "../commands/graph-files.ts";
import { useCommands } from "../commands/command-context.tsx";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { openTemplate } from "../panels/welcome/open-template.ts";
import { loadTemplates } from "../panels/welcome/templates.ts";
import { Icon } from "../ui/icon.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { Marked } from "./marked.tsx";

const RECENT_KEY = "umbel.recent-commands";
const MOST_RECENT = 6;
const MOST_FILES = 6;
const NO_MARKS: ReadonlySet<number> = new Set();

function recentCommands(): readonly string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(RECENT_KEY) ?? "[]");
    return Array.isArray(value) ? value.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

/** Everything the window can do, recent first; a node's name falls through to the search. */
export function CommandPalette() {
  const commands = useCommands();
  const [query, setQuery] = useState("");
  const editor = useEditor();
  const recents = useEditorStore(
    () => editor.recents,
    (state) => state.files,
  );
  const descriptions = useEditorStore(
    (editor) => editor.nodes,
    (state) => state.descriptions,
  );
  const listed = useMemo(() => {
    const able = commands.all.filter(({ id }) => id !== "help.commands" && commands.isEnabled(id));
    if (query.trim() === "") {
      const recent = recentCommands();
      const rank = (id: string) => (recent.includes(id) ? recent.indexOf(id) : MOST_RECENT);
      return able
        .toSorted((a, b) => rank(a.id) - rank(b.id))
        .map((command) => ({ command, marks: NO_MARKS }));
    }
    return fuzzysort
      .go(query, able, { key: "title", threshold: 0.3 })
      .map((found) => ({ command: found.obj, marks: new Set(found.indexes) }));
  }, [commands, query]);
  const nodes = useMemo(
    () =>
      query.trim().length < 2
        ? []
        : fuzzysort.go(query, [...descriptions.values()], {
            keys: ["title", "type"],
            limit: 5,
            threshold: 0.5,
          }),
    [descriptions, query],
  );
  const files = useMemo(
    () =>
      query.trim() === ""
        ? recents.slice(0, MOST_FILES)
        : fuzzysort
            .go(query, recents, { key: "name", limit: MOST_FILES, threshold: 0.4 })
            .map(({ obj }) => obj),
    [recents, query],
  );
  const templates = useMemo(
    () =>
      query.trim().length < 2
        ? []
        : fuzzysort
            .go(query, loadTemplates(), { key: "title", limit: MOST_FILES, threshold: 0.5 })
            .map(({ obj }) => obj),
    [query],
  );
  const close = () => commands.openPalette(null);
  const choose = (command: AppCommand) => {
    const recent = [command.id, ...recentCommands().filter((id) => id !== command.id)];
    localStorage.setItem(RECENT_KEY, JSON.stringify(recent.slice(0, MOST_RECENT)));
    close();
    commands.run(command.id);
  };
  return (
    <div className="palette pop centred" role="dialog" aria-label="Commands">
      <Command
        shouldFilter={false}
        loop
        label="Commands"
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          event.stopPropagation();
          close();
        }}
      >
        <div className="palette-head">
          <Icon name="command" />
          <Command.Input
            value={query}
            onValueChange={setQuery}
            autoFocus
            placeholder="Command or node"
          />
          <Kbd keys="Escape" />
        </div>
        <Command.List className="palette-list">
          {listed.map(({ command, marks }) => {
            const keys = commands.keysOf(command.id);
            return (
              <Command.Item
                key={command.id}
                value={command.id}
                className="list-item"
                onSelect={() => choose(command)}
              >
                <Icon name={command.icon ?? "chevron-right"} />
                <span className="ellipsis grow">
                  <Marked text={command.title} marks={marks} />
                </span>
                {keys !== undefined && <Kbd keys={keys} />}
              </Command.Item>
            );
          })}
          {files.length > 0 && (
            <Command.Group heading="Open recent">
              {files.map(({ path, name }) => (
                <Command.Item
                  key={path}
                  value={`file ${path}`}
                  className="list-item"
                  onSelect={() => {
                    close();
                    void openRecent(editor, path);
                  }}
                >
                  <Icon name="history" />
                  <span className="ellipsis grow">{name.replace(/\.json$/, "")}</span>
                  <span className="t3 ellipsis recent-folder">{path.replace(/[^\\/]+$/, "")}</span>
                </Command.Item>
              ))}
            </Command.Group>
          )}
          {templates.length > 0 && (
            <Command.Group heading="Open a template">
              {templates.map((template) => (
                <Command.Item
                  key={template.id}
                  value={`template ${template.id}`}
                  className="list-item"
                  onSelect={() => {
                    close();
                    openTemplate(editor, template);
                  }}
                >
                  <Icon name="templates" />
                  <span className="ellipsis grow">{template.title}</span>
                </Command.Item>
              ))}
            </Command.Group>
          )}
          {nodes.length > 0 && (
            <Command.Group heading="Add a node">
              {nodes.map(({ obj }) => (
                <Command.Item
                  key={obj.type}
                  value={`node ${obj.type}`}
                  className="list-item"
                  onSelect={() => {
                    close();
                    commands.addNode(obj.type);
                  }}
                >
                  <Icon name="plus" />
                  {obj.title}
                  <span className="t3">{obj.type}</span>
                </Command.Item>
              ))}
            </Command.Group>
          )}
          {listed.length + nodes.length + files.length + templates.length === 0 && (
            <p className="palette-none t2">Nothing matches.</p>
          )}
        </Command.List>
      </Command>
    </div>
  );
}
