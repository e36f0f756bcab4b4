import { Command } from "cmdk";
import { useMemo, useState } from "react";
import { useCommands, type DroppedWire, type PaletteState } from "../commands/command-context.tsx";
import { savedBlocks } from "../commands/fold-commands.ts";
import { pasteIntoGraph } from "../commands/clipboard.ts";
import { categoryLook } from "../canvas/categories.ts";
import { newNode } from "../canvas/new-node.ts";
import { byWhatTheyKeep, replaceNodes } from "../canvas/replacing.ts";
import { SocketGlyph } from "../canvas/socket-glyph.tsx";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { readClip } from "../stores/edit/copies.ts";
import { connectAcross } from "../stores/edit/boundaries.ts";
import { addNode, freeId } from "../stores/edit/nodes.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { Marked } from "./marked.tsx";
import { fits, rankNodes, type RankedNode } from "./rank-nodes.ts";

const WIDTH = 404;
const MOST_HEIGHT = 400;

/** The search for a node: at the pointer, connecting what it inserts to the wire behind it. */
export function NodeSearch({
  state,
}: {
  readonly state: Extract<PaletteState, { kind: "search" }>;
}) {
  const commands = useCommands();
  const editor = useEditor();
  const { at, wires, replaces } = state;
  const [wire = null] = wires;
  const [query, setQuery] = useState("");
  const [typeFilter, setTypeFilter] = useState<string | null>(null);
  const descriptions = useEditorStore(
    (e) => e.nodes,
    (nodes) => nodes.descriptions,
  );
  const list = useMemo(() => [...descriptions.values()], [descriptions]);
  const { model } = commands;
  const replaced = replaces?.[0];
  const nearest = useMemo(
    () =>
      model === null || replaced === undefined
        ? null
        : new Map(byWhatTheyKeep(model, replaced).map(({ type }, place) => [type, place])),
    [model, replaced],
  );
  const ranked = useMemo(() => {
    const found = rankNodes(list, query, wires, typeFilter);
    if (nearest === null || query.trim() !== "") return found;
    const place = ({ description }: RankedNode) => nearest.get(description.type) ?? Infinity;
    return { ...found, others: found.others.toSorted((a, b) => place(a) - place(b)) };
  }, [list, query, wires, typeFilter, nearest]);
  const blocks =
    replaces === undefined
      ? Object.entries(savedBlocks()).filter(([title]) =>
          title.toLowerCase().includes(query.toLowerCase()),
        )
      : [];
  const title = replaces === undefined ? "Add a node" : "Replace with";
  const types = useMemo(
    () => [...new Set(list.flatMap(({ outputs }) => outputs.map(({ type }) => type)))].toSorted(),
    [list],
  );
  const close = () => commands.openPalette(null);
  const insert = (found: RankedNode | null, keepOpen: boolean) => {
    if (found === null) return;
    if (replaces === undefined) insertNode(commands, editor, found, at, wires);
    else if (model !== null) replaceNodes(model, replaces, found.description.type);
    if (!keepOpen || replaces !== undefined) close();
  };
  const left = Math.max(8, Math.min(at.x, innerWidth - WIDTH - 8));
  const top = Math.max(52, Math.min(at.y, innerHeight - MOST_HEIGHT - 8));
  return (
    <div
      className="palette pop"
      style={{ left, top, width: WIDTH }}
      role="dialog"
      aria-label={title}
    >
      <Command
        shouldFilter={false}
        loop
        label={title}
        onKeyDown={(event) => {
          if (event.key === "Escape") close();
          else if (event.key === "Tab") {
            const order = [null, ...types];
            const step = event.shiftKey ? -1 : 1;
            setTypeFilter(order[(order.indexOf(typeFilter) + step + order.length) % order.length]!);
          } else if (event.key === "Enter" && event.shiftKey) {
            const value = event.currentTarget.querySelector("[aria-selected=true]");
            const type = value?.getAttribute("data-type");
            const all = [...ranked.fitting, ...ranked.others];
            insert(all.find(({ description }) => description.type === type) ?? null, true);
          } else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        <div className="palette-head">
          <Icon name="search" />
          <Command.Input
            value={query}
            onValueChange={setQuery}
            autoFocus
            placeholder="Node, class or type"
          />
          {wire !== null && typeFilter === null && (
            <span className="chip">
              <SocketGlyph type={wire.type} />
              {wire.side === "out" ? "takes" : "gives"} {wire.type}
              {wires.length > 1 && ` to ${wires.length} inputs`}
            </span>
          )}
          {typeFilter !== null && (
            <span className="chip live">
              <SocketGlyph type={typeFilter} />
              {typeFilter}
            </span>
          )}
        </div>
        <Command.List className="palette-list">
          {ranked.fitting.length > 0 && (
            <Command.Group heading="Fits this wire">
              {ranked.fitting.map((found) => (
                <NodeItem
                  key={found.description.type}
                  found={found}
                  onSelect={() => insert(found, false)}
                />
              ))}
            </Command.Group>
          )}
          {ranked.others.length > 0 && (
            <Command.Group
              heading={
                wire !== null
                  ? "Other matches, placed without a link"
                  : replaces === undefined
                    ? undefined
                    : "In its place, those that keep the most first"
              }
            >
              {ranked.others.map((found) => (
                <NodeItem
                  key={found.description.type}
                  found={found}
                  onSelect={() => insert(found, false)}
                />
              ))}
            </Command.Group>
          )}
          {blocks.length > 0 && (
            <Command.Group heading="Saved blocks">
              {blocks.map(([title, block]) => (
                <Command.Item
                  key={title}
                  value={`block ${title}`}
                  className="list-item"
                  onSelect={() => {
                    insertBlock(commands, editor, block);
                    close();
                  }}
                >
                  <Icon name="subgraph" />
                  {title}
                  <span className="t3">saved block</span>
                </Command.Item>
              ))}
            </Command.Group>
          )}
          {ranked.fitting.length + ranked.others.length + blocks.length === 0 && (
            <div className="palette-none">
              <p className="medium">No node called “{query}”</p>
              {ranked.suggestion !== null && (
                <>
                  <p className="t2">Did you mean {ranked.suggestion.title}?</p>
                  <Button
                    small
                    onClick={() =>
                      insert(
                        rankNodes([ranked.suggestion!], "", wires, null).fitting[0] ??
                          plain(ranked.suggestion!),
                        false,
                      )
                    }
                  >
                    Insert {ranked.suggestion.title}
                  </Button>
                </>
              )}
            </div>
          )}
        </Command.List>
        <div className="palette-foot">
          <Kbd keys="Enter" />{" "}
          {replaces !== undefined ? "replace" : wire === null ? "insert" : "insert and connect"}
          {replaces === undefined && (
            <>
              <Kbd keys="Shift+Enter" /> keep open
            </>
          )}
          <span className="grow" />
          <Kbd keys="Tab" /> type filter
        </div>
      </Command>
    </div>
  );
}

const NO_MARKS: ReadonlySet<number> = new Set();
const plain = (description: RankedNode["description"]): RankedNode => ({
  description,
  titleMarks: NO_MARKS,
  typeMarks: NO_MARKS,
  socket: null,
});

function NodeItem({
  found,
  onSelect,
}: {
  readonly found: RankedNode;
  readonly onSelect: () => void;
}) {
  const { description, titleMarks, typeMarks, socket } = found;
  const look = categoryLook(description);
  return (
    <Command.Item
      value={`${socket === null ? "other" : "fits"} ${description.type}`}
      data-type={description.type}
      className="list-item"
      title={description.description}
      onSelect={onSelect}
    >
      <span className="palette-icon" style={{ color: `var(--c-${look.tint})` }}>
        <Icon name={look.icon} />
      </span>
      <span className="ellipsis medium">
        <Marked text={description.title} marks={titleMarks} />
      </span>
      <span className="ellipsis t3 grow">
        <Marked text={description.type} marks={typeMarks} />
      </span>
      {socket !== null && (
        <span className="row t2" style={{ gap: 6, flex: "none" }}>
          <SocketGlyph type={socket.type} />
          {socket.name}
        </span>
      )}
    </Command.Item>
  );
}

/** The wires that a socket takes: one, or all inputs that its type fits. Those that it does not fit stay as they are. */
function joining(
  wires: readonly DroppedWire[],
  { type }: NonNullable<RankedNode["socket"]>,
): readonly DroppedWire[] {
  return wires.length === 1 ? wires : wires.filter((wire) => fits(wire, type));
}

function insertNode(
  commands: ReturnType<typeof useCommands>,
  editor: ReturnType<typeof useEditor>,
  found: RankedNode,
  at: { readonly x: number; readonly y: number },
  wires: readonly DroppedWire[],
): void {
  const { model } = commands;
  if (model === null) {
    // Without a graph there is nothing to add to: this is its first node.
    commands.run("file.new");
    return;
  }
  const [x, y] = model.toGraph(at.x, at.y);
  const { description, socket } = found;
  const [wire] = wires;
  let id = "";
  model.edit(`Add ${description.title}`, (graph) => {
    id = freeId((taken) => taken in graph.nodes, description.type);
    // The socket, not the corner, comes to lie at the wire's end.
    const place = [wire?.side === "in" ? x - 224 : x, y - (wire === undefined ? 15 : 45)] as const;
    const added = addNode(graph, id, newNode(description, place));
    if (socket === null) return added;
    const { name, type } = socket;
    return joining(wires, socket).reduce(
      (now, { side, node, socket: end }) =>
        side === "out"
          ? connectAcross(now, [node, end], [id, name], type)
          : connectAcross(now, [id, name], [node, end], type),
      added,
    );
  });
  editor.selection.set({ nodes: [id] });
}

function insertBlock(
  commands: ReturnType<typeof useCommands>,
  editor: ReturnType<typeof useEditor>,
  block: unknown,
): void {
  const clip = readClip(JSON.stringify(block));
  if (clip === null || commands.model === null) return;
  const context = { ...commands.context(), editor };
  pasteIntoGraph(context, clip, commands.canvas.middle(), false);
}
