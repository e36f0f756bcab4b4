/** Node classes as the search ranks them: by title, class name, alias and socket type; those that fit a wire first. */
import fuzzysort from "fuzzysort";
import { nearest } from "#runtime/graph/nearest";
import { socketsMatch } from "#runtime/graph/sockets";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { acceptedType } from "../stores/edit/accepted-type.ts";

/** The wire behind a search: what its free end would join. */
export interface SearchWire {
  readonly side: "in" | "out";
  readonly type: string;
}

export interface RankedNode {
  readonly description: NodeDescription;
  /** Letters of the title that matched. */
  readonly titleMarks: ReadonlySet<number>;
  readonly typeMarks: ReadonlySet<number>;
  /** Socket that the wire would join; null: placed without a link. */
  readonly socket: { readonly name: string; readonly type: string } | null;
}

export interface RankedNodes {
  readonly fitting: readonly RankedNode[];
  readonly others: readonly RankedNode[];
  /** Nearest class when nothing matches. */
  readonly suggestion: NodeDescription | null;
}

const MOST = 60;
const NO_MARKS: ReadonlySet<number> = new Set();

interface Entry {
  readonly description: NodeDescription;
  readonly title: string;
  readonly type: string;
  readonly aliases: string;
  readonly sockets: string;
}

/** Socket of a class that the free ends of most of the wires fit; sockets before fields. */
export function fittingSocket(
  { inputs, outputs }: NodeDescription,
  wires: readonly SearchWire[],
): RankedNode["socket"] {
  const candidates = [
    ...outputs.map(({ name, type }) => ({ name, type, side: "in", accepted: type })),
    ...inputs
      .toSorted((a, b) => Number(a.kind !== "socket") - Number(b.kind !== "socket"))
      .map(({ name, type, kind }) => {
        return { name, type, side: "out", accepted: acceptedType(kind, type) };
      }),
  ];
  let best: RankedNode["socket"] = null;
  let most = 0;
  for (const { name, type, side, accepted } of candidates) {
    const count = wires.filter((wire) => wire.side === side && fits(wire, accepted)).length;
    if (count <= most) continue;
    most = count;
    best = { name, type };
  }
  return best;
}

/** Whether a wire's free end may join a socket of a type. */
export function fits(wire: SearchWire, type: string): boolean {
  return wire.side === "in" ? socketsMatch(type, wire.type) : socketsMatch(wire.type, type);
}

export function rankNodes(
  descriptions: readonly NodeDescription[],
  query: string,
  wires: readonly SearchWire[],
  typeFilter: string | null,
): RankedNodes {
  const entries = descriptions
    .filter(
      ({ inputs, outputs, deprecated }) =>
        !deprecated &&
        (typeFilter === null || [...inputs, ...outputs].some(({ type }) => type === typeFilter)),
    )
    .map((description): Entry => {
      const { title, type, searchAliases, inputs, outputs } = description;
      const sockets = [...inputs, ...outputs].map((socket) => socket.type).join(" ");
      return { description, title, type, aliases: searchAliases.join(" "), sockets };
    });
  const found = query.trim() === "" ? all(entries) : match(entries, query);
  const ranked = found.map((one) => ({
    ...one,
    socket: fittingSocket(one.description, wires),
  }));
  const fitting = ranked.filter(({ socket }) => socket !== null);
  const others = ranked.filter(({ socket }) => socket === null);
  const names = descriptions.flatMap(({ title, type }) => [title, type]);
  const near = ranked.length > 0 || query.trim() === "" ? null : nearest(query, names);
  const suggestion =
    near === null
      ? null
      : (descriptions.find(({ title, type }) => title === near || type === near) ?? null);
  return { fitting, others, suggestion };
}

type Found = Omit<RankedNode, "socket">;

const all = (entries: readonly Entry[]): Found[] =>
  entries
    .toSorted((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ description }) => ({ description, titleMarks: NO_MARKS, typeMarks: NO_MARKS }));

function match(entries: readonly Entry[], query: string): Found[] {
  const keys = ["title", "type", "aliases", "sockets"] as const;
  return fuzzysort
    .go(query, entries, {
      keys: [...keys],
      limit: MOST,
      threshold: 0.35,
      // A title counts more than a class name, and that more than an alias or a socket.
      scoreFn: (result) =>
        Math.max(
          result[0]?.score ?? 0,
          (result[1]?.score ?? 0) * 0.95,
          (result[2]?.score ?? 0) * 0.9,
          (result[3]?.score ?? 0) * 0.5,
        ),
    })
    .map((result) => ({
      description: result.obj.description,
      titleMarks: new Set(result[0]?.indexes ?? []),
      typeMarks: new Set(result[1]?.indexes ?? []),
    }));
}
