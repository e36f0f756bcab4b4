import { Command } from "cmdk";
import fuzzysort from "fuzzysort";
import { useMemo, useState } from "react";
import { useCommands } from "../commands/command-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { valueText } from "../widgets/value-text.ts";

/** Finds nodes of the open graph by title, class, id or what stands in their fields. */
export function FindPalette() {
  const commands = useCommands();
  const [query, setQuery] = useState("");
  const entries = useMemo(() => {
    const scene = commands.model?.scene.store.getState();
    return [...(scene?.nodes.values() ?? [])].map(({ id, node, model }) => ({
      id,
      model,
      title: model.title,
      rest: `${node.type} ${id} ${Object.values(node.values).map(valueText).join(" ")}`,
    }));
  }, [commands]);
  const found = useMemo(
    () =>
      query.trim() === ""
        ? entries
        : fuzzysort
            .go(query, entries, { keys: ["title", "rest"], limit: 100, threshold: 0.3 })
            .map(({ obj }) => obj),
    [entries, query],
  );
  const close = () => commands.openPalette(null);
  return (
    <div className="palette pop find" role="dialog" aria-label="Find in the graph">
      <Command
        shouldFilter={false}
        loop
        label="Find in the graph"
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          event.stopPropagation();
          close();
        }}
        onValueChange={(id) => commands.canvas.show(id.slice("find ".length), undefined, false)}
      >
        <div className="palette-head">
          <Icon name="search" />
          <Command.Input
            value={query}
            onValueChange={setQuery}
            autoFocus
            placeholder="Find in the graph"
          />
          <Kbd keys="Escape" />
        </div>
        <Command.List className="palette-list">
          {found.map(({ id, model }) => (
            <Command.Item
              key={id}
              value={`find ${id}`}
              className="list-item"
              onSelect={() => {
                close();
                commands.canvas.show(id);
              }}
            >
              <span className="palette-icon" style={{ color: `var(--c-${model.look.tint})` }}>
                <Icon name={model.look.icon} />
              </span>
              <span className="ellipsis">{model.title}</span>
              <span className="ellipsis t3 grow">
                {model.description?.type ?? model.classTitle}
              </span>
            </Command.Item>
          ))}
          {found.length === 0 && <p className="palette-none t2">Nothing matches.</p>}
        </Command.List>
      </Command>
    </div>
  );
}
