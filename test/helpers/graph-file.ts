/** Writes random graphs as files, in all the ways in which ComfyUI's versions have written them. */
import type { Json } from "#runtime/graph/json";
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Random } from "../../scripts/fuzz/random.ts";
import type { Level, Node, Ref } from "./abstract-graph.ts";
import { SPECS, type SpecInput } from "./graph-specs.ts";
import { instanceValues } from "./instance-values.ts";
import { widgetValues } from "./widget-values.ts";

type Writable = Record<string, Json>;
interface RawLink {
  readonly id: number;
  readonly origin: Json;
  readonly originSlot: number;
  readonly target: Json;
  targetSlot: number;
  readonly type: Json;
  parent?: number;
}

export const uuid = (at: number): string => `00000000-0000-4000-8000-00000000000${at}`;

export class FileWriter {
  readonly #random: Random;
  readonly #definitions: readonly Level[];

  constructor(random: Random, definitions: readonly Level[]) {
    this.#random = random;
    this.#definitions = definitions;
  }

  /** Gives the nodes their ids. */
  write(root: Level): JsonObject {
    const random = this.#random;
    for (const level of [...this.#definitions, root]) this.#number(level);
    const isNew = random.chance(0.3);
    const { nodes, links } = this.#level(root);
    const { reroutes, extensions } = this.#reroutes(links, isNew);
    const subgraphs = this.#definitions.map((level, at) => this.#definition(level, at));
    const entries = links.map((link) => (isNew ? asObject(link) : asTuple(link)));
    if (random.chance(0.2)) entries.splice(random.below(entries.length + 1), 0, null);
    if (random.chance(0.2)) {
      const lost = { ...nowhere, id: 9000, target: nodes[0]?.["id"] ?? 1, targetSlot: 0 };
      entries.push(isNew ? asObject(lost) : asTuple(lost));
    }
    const common = { nodes, links: entries, groups: [], config: {}, "of another version": [1] };
    const definitions = subgraphs.length > 0 ? { definitions: { subgraphs } } : {};
    if (isNew) {
      const state = { lastNodeId: 999, lastLinkId: 9999, lastGroupId: 0, lastRerouteId: 9 };
      return { version: 1, state, ...common, reroutes, extra: { kept: true }, ...definitions };
    }
    const extra = { kept: { a: null }, reroutes, linkExtensions: extensions };
    return {
      version: 0.4,
      last_node_id: 999,
      last_link_id: 9999,
      ...common,
      extra,
      ...definitions,
    };
  }

  #number(level: Level): void {
    const random = this.#random;
    const used = new Set<string>();
    const asText = random.chance(0.3);
    for (const node of level.nodes) {
      let id = 1 + random.below(400);
      while (used.has(String(id))) id++;
      used.add(String(id));
      node.id = asText && random.chance(0.7) ? `${random.chance(0.5) ? "n" : ""}${id}` : id;
    }
  }

  #level(level: Level): { nodes: JsonObject[]; links: RawLink[] } {
    const links: RawLink[] = [];
    let next = 1 + this.#random.below(50);
    const outgoing = new Map<string, number[]>();
    const connect = ({ node, slot }: Ref, target: Json, targetSlot: number, type: Json): number => {
      const id = next++;
      const origin = node === null ? -10 : node.id;
      links.push({ id, origin, originSlot: slot, target, targetSlot, type });
      const key = `${origin} ${slot}`;
      outgoing.set(key, [...(outgoing.get(key) ?? []), id]);
      return id;
    };
    const inputs = level.nodes.map((node) => this.#inputs(node, connect, links));
    for (const [slot, output] of level.outputs.entries())
      connect(output.from, -20, slot, output.type);
    const nodes = level.nodes.map((node, at) =>
      this.#node(node, inputs[at] ?? [], outgoing, level),
    );
    return { nodes, links };
  }

  #inputs(
    node: Node,
    connect: (from: Ref, target: Json, slot: number, type: Json) => number,
    links: RawLink[],
  ): JsonObject[] {
    const random = this.#random;
    const isListed = random.chance(0.4);
    const isWidget = (input: SpecInput): boolean => input.fallback !== undefined;
    const order =
      node.kind === "subgraph"
        ? node.inputs
        : [...node.inputs.filter((i) => !isWidget(i)), ...node.inputs.filter(isWidget)];
    const shown = order.filter(
      (input) => isListed || !isWidget(input) || node.links.has(input.name),
    );
    return shown.map((input, slot): JsonObject => {
      const from = node.links.get(input.name);
      const { name, type } = input;
      const entry: Writable = { name, type, ...(isWidget(input) ? { widget: { name } } : {}) };
      if (from === undefined) {
        // Links that the file has not are none.
        return { ...entry, link: random.chance(0.05) ? 70_000 : null };
      }
      const id = connect(from, node.id, slot, random.chance(0.1) ? "*" : type);
      const link = links.at(-1);
      if (random.chance(0.06)) return { ...entry, link: null };
      if (link !== undefined && random.chance(0.1)) link.targetSlot = random.below(9);
      return { ...entry, link: id, ...(random.chance(0.1) ? { "of a pack": 1 } : {}) };
    });
  }

  #node(
    node: Node,
    inputs: JsonObject[],
    outgoing: ReadonlyMap<string, number[]>,
    level: Level,
  ): JsonObject {
    const random = this.#random;
    const outputs = node.outputs.map((type, slot): JsonObject => {
      const found = outgoing.get(`${node.id} ${slot}`) ?? null;
      const name = random.chance(0.2) ? `übersetzt ${slot}` : `${type} ${slot}`;
      return { name, type, links: found, ...(random.chance(0.5) ? { slot_index: slot } : {}) };
    });
    const pair = (x: number, y: number): Json => (random.chance(0.2) ? { "0": x, "1": y } : [x, y]);
    const common: Writable = {
      id: node.id,
      type: node.definition === null ? node.type : uuid(this.#definitions.indexOf(node.definition)),
      pos: pair(random.below(900), random.below(900) / 3),
      size: pair(200, 100),
      flags: random.chance(0.1) ? { collapsed: true } : {},
      order: level.nodes.indexOf(node),
      mode: node.mode,
      inputs,
      outputs,
      properties: { "Node name for S&R": node.type, "of a pack": { deep: [null] } },
      ...(random.chance(0.2) ? { title: "A title" } : {}),
      ...(random.chance(0.2) ? { "of another version": "x" } : {}),
    };
    return { ...common, ...this.#values(node, common) };
  }

  #values(node: Node, common: JsonObject): JsonObject {
    const random = this.#random;
    switch (node.kind) {
      case "real": {
        const spec = SPECS.get(node.type);
        return spec === undefined ? {} : widgetValues(spec, node.values, random);
      }
      case "primitive":
        return { widgets_values: [node.values.get("value") ?? null, "fixed"] };
      case "set":
      case "get":
        return { widgets_values: [node.channel] };
      case "note":
        return { widgets_values: ["# Words"] };
      case "reroute":
        return {};
      case "subgraph":
        return instanceValues(node, objectOf(common["properties"]), random);
    }
  }

  #definition(level: Level, at: number): JsonObject {
    const { nodes, links } = this.#level(level);
    const ends = (list: readonly { name: string; type: string }[], side: "origin" | "target") =>
      list.map(({ name, type }, slot): JsonObject => {
        const own = links.filter((link) =>
          side === "origin"
            ? link.origin === -10 && link.originSlot === slot
            : link.target === -20 && link.targetSlot === slot,
        );
        return { id: `${at}-${slot}`, name, type, linkIds: own.map(({ id }) => id) };
      });
    return {
      id: uuid(at),
      version: 1,
      state: { lastGroupId: 0, lastNodeId: 999, lastLinkId: 9999, lastRerouteId: 0 },
      revision: 0,
      config: {},
      name: `Part ${at}`,
      inputNode: { id: -10, bounding: [0, 0, 120, 80] },
      outputNode: { id: -20, bounding: [700, 0, 120, 60] },
      inputs: ends(level.inputs, "origin"),
      outputs: ends(level.outputs, "target"),
      widgets: [],
      nodes,
      groups: [],
      links: links.map(asObject),
      extra: { kept: 1 },
    };
  }

  /** Points that some links pass, in a chain. */
  #reroutes(links: RawLink[], isNew: boolean): { reroutes: Json[]; extensions: Json[] } {
    const random = this.#random;
    const reroutes: Json[] = [];
    const extensions: Json[] = [];
    for (const link of links) {
      if (!random.chance(0.15)) continue;
      const first = reroutes.length + 1;
      reroutes.push({ id: first, pos: [10, 20], linkIds: [link.id] });
      reroutes.push({ id: first + 1, parentId: first, pos: [30, 20], linkIds: [link.id] });
      if (isNew) link.parent = first + 1;
      else extensions.push({ id: link.id, parentId: first + 1 });
    }
    return { reroutes, extensions };
  }
}

const nowhere: Omit<RawLink, "id" | "target" | "targetSlot"> = {
  origin: 55_555,
  originSlot: 0,
  type: "LATENT",
};

function asTuple({ id, origin, originSlot, target, targetSlot, type }: RawLink): Json {
  return [id, origin, originSlot, target, targetSlot, type];
}

function asObject({ id, origin, originSlot, target, targetSlot, type, parent }: RawLink): Json {
  return {
    id,
    origin_id: origin,
    origin_slot: originSlot,
    target_id: target,
    target_slot: targetSlot,
    type,
    ...(parent === undefined ? {} : { parentId: parent }),
  };
}

function objectOf(value: Json | undefined): JsonObject {
  return (value ?? {}) as JsonObject;
}
