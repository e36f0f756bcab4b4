/**
 * Random graphs by what they mean, apart from any file: nodes that know each other, and the prompt that ComfyUI's editor
 * would send for them, by graphToPrompt's rules and nothing of the runtime.
 */
import type { Json } from "#runtime/graph/json";
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Random } from "../../scripts/fuzz/random.ts";
import { SPECS, type Spec, type SpecInput } from "./graph-specs.ts";

export type Kind = "real" | "reroute" | "set" | "get" | "primitive" | "note" | "subgraph";

export interface Ref {
  /** Null: the boundary of the level. */
  readonly node: Node | null;
  readonly slot: number;
}

export interface Node {
  readonly kind: Kind;
  readonly type: string;
  mode: 0 | 1 | 2 | 3 | 4;
  /** By the names of its inputs. */
  readonly links: Map<string, Ref>;
  /** Of widgets; absent ones have their default. For a subgraph: what the instance holds. */
  readonly values: Map<string, Json>;
  readonly inputs: readonly SpecInput[];
  readonly outputs: readonly string[];
  readonly definition: Level | null;
  readonly channel: string;
  /** Where the file has it. */
  id: number | string;
}

export interface Boundary extends SpecInput {
  /** Inner widgets have it when it holds a value. */
  readonly isWidget: boolean;
}

export interface Level {
  readonly nodes: Node[];
  readonly inputs: Boundary[];
  readonly outputs: { readonly name: string; readonly type: string; readonly from: Ref }[];
}

const CHANNELS = ["a", "b", "latent"];

export class GraphMaker {
  readonly #random: Random;
  readonly definitions: Level[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  root(): Level {
    const depth = this.#random.below(4);
    for (let i = 0; i < depth; i++) this.definitions.push(this.#level(true));
    return this.#level(false);
  }

  #level(isInner: boolean): Level {
    const random = this.#random;
    const level: Level = { nodes: [], inputs: [], outputs: [] };
    if (isInner) {
      for (const type of ["MODEL", "LATENT", "INT", "STRING", "FLOAT", "IMAGE"]) {
        for (let n = random.below(3); n > 0; n--) {
          const isWidget = ["INT", "STRING", "FLOAT"].includes(type);
          const name = `${type.toLowerCase()} in ${n}`;
          level.inputs.push({ name, type, isWidget, ...(isWidget ? { fallback: null } : {}) });
        }
      }
    }
    const count = 2 + random.below(9);
    for (let i = 0; i < count; i++) this.#add(level);
    if (isInner) this.#close(level);
    return level;
  }

  #add(level: Level): void {
    const random = this.#random;
    const last = this.definitions.at(-1);
    if (last !== undefined && random.chance(0.25))
      this.#instance(level, random.pick(this.definitions));
    else if (random.chance(0.05)) this.#push(level, "note", "MarkdownNote", [], []);
    else this.#real(level, random.pick([...SPECS.values()]));
  }

  #real(level: Level, spec: Spec): void {
    const random = this.#random;
    const node = this.#make("real", spec.type, spec.inputs, spec.outputs, null);
    if (random.chance(0.12)) node.mode = 2;
    else if (random.chance(0.18)) node.mode = 4;
    else if (random.chance(0.06)) node.mode = random.chance(0.5) ? 1 : 3;
    for (const input of spec.inputs) {
      if (input.fallback !== undefined && random.chance(0.8))
        node.values.set(input.name, this.#value(input));
      const chance = input.fallback === undefined ? 0.85 : 0.25;
      if (random.chance(chance)) this.#link(level, node, input);
    }
    level.nodes.push(node);
  }

  #instance(level: Level, definition: Level): void {
    const random = this.#random;
    const outputs = definition.outputs.map(({ type }) => type);
    const node = this.#make("subgraph", "", definition.inputs, outputs, definition);
    if (random.chance(0.08)) node.mode = 2;
    else if (random.chance(0.1)) node.mode = 4;
    for (const input of definition.inputs) {
      if (input.isWidget && random.chance(0.6)) node.values.set(input.name, this.#value(input));
      if (random.chance(input.isWidget ? 0.35 : 0.8)) this.#link(level, node, input);
    }
    level.nodes.push(node);
  }

  /** Every input of the level leads somewhere, widgets to widgets; outputs come from what there is. */
  #close(level: Level): void {
    const random = this.#random;
    const used = level.inputs.map((_, slot) =>
      level.nodes.some(({ links }) =>
        [...links.values()].some((ref) => ref.node === null && ref.slot === slot),
      ),
    );
    level.inputs.forEach((input, slot) => {
      if (used[slot] === true) return;
      const user = SPECS.get(input.isWidget ? `Use ${input.type}` : "Any");
      if (user === undefined) throw new Error(`Expected a user of ${input.type}.`);
      const node = this.#make("real", user.type, user.inputs, user.outputs, null);
      const target = user.inputs[0];
      if (target === undefined) return;
      if (input.isWidget) node.values.set(target.name, this.#value(target));
      node.links.set(target.name, { node: null, slot });
      level.nodes.push(node);
    });
    for (const type of ["LATENT", "MODEL", "INT", "IMAGE"]) {
      for (let n = random.below(3); n > 0; n--) {
        const from = this.#source(level, type);
        if (from !== null) level.outputs.push({ name: `${type} out ${n}`, type, from });
      }
    }
  }

  #link(level: Level, node: Node, input: SpecInput): void {
    const random = this.#random;
    const isWidget = input.fallback !== undefined;
    if (isWidget && random.chance(0.4)) {
      const shared = level.nodes.filter(
        (other) => other.kind === "primitive" && other.outputs[0] === input.type,
      );
      const found = shared.length > 0 && random.chance(0.6) ? random.pick(shared) : null;
      const primitive = found ?? this.#push(level, "primitive", "PrimitiveNode", [], [input.type]);
      if (found === null) primitive.values.set("value", this.#value(input));
      node.links.set(input.name, { node: primitive, slot: 0 });
      return;
    }
    const from = this.#source(level, input.type, isWidget);
    if (from !== null) node.links.set(input.name, from);
  }

  #source(level: Level, type: string, isWidget = false): Ref | null {
    const random = this.#random;
    const fits = (other: string): boolean => type === "*" || other === type || other === "*";
    const all: Ref[] = level.nodes.flatMap((node) =>
      ["reroute", "set", "get", "primitive", "note"].includes(node.kind)
        ? []
        : node.outputs.flatMap((output, slot) => (fits(output) ? [{ node, slot }] : [])),
    );
    level.inputs.forEach((input, slot) => {
      if (input.type === type && (isWidget || !input.isWidget)) all.push({ node: null, slot });
    });
    if (all.length === 0) return null;
    let ref = random.pick(all);
    // A reroute in between hides the widget, which cannot be promoted then.
    if (ref.node === null && isWidget) return ref;
    const own = ref.node === null ? null : (ref.node.outputs[ref.slot] ?? "*");
    for (let n = random.below(4); n > 1; n--) ref = this.#through(level, ref, own ?? type);
    return ref;
  }

  /** The same source, by a reroute or a channel. */
  #through(level: Level, from: Ref, type: string): Ref {
    const random = this.#random;
    if (random.chance(0.6)) {
      const reroute = this.#push(level, "reroute", "Reroute", [{ name: "", type: "*" }], [type]);
      reroute.links.set("", from);
      if (random.chance(0.2)) reroute.mode = random.chance(0.5) ? 2 : 4;
      return { node: reroute, slot: 0 };
    }
    const channel = random.pick(CHANNELS);
    const setter = this.#push(level, "set", "SetNode", [{ name: "*", type: "*" }], [type], channel);
    setter.links.set("*", from);
    // Of two setters of a channel the first counts: it has to give what is asked for.
    const first = level.nodes.find((node) => node.kind === "set" && node.channel === channel);
    if (first !== setter) return random.chance(0.5) ? { node: setter, slot: 0 } : from;
    return { node: this.#push(level, "get", "GetNode", [], [type], channel), slot: 0 };
  }

  #push(
    level: Level,
    kind: Kind,
    type: string,
    inputs: readonly SpecInput[],
    outputs: readonly string[],
    channel = "",
  ): Node {
    const node = this.#make(kind, type, inputs, outputs, null, channel);
    level.nodes.push(node);
    return node;
  }

  #make(
    kind: Kind,
    type: string,
    inputs: readonly SpecInput[],
    outputs: readonly string[],
    definition: Level | null,
    channel = "",
  ): Node {
    const common = { kind, type, inputs, outputs, definition, channel, mode: 0 as const, id: 0 };
    return { ...common, links: new Map<string, Ref>(), values: new Map<string, Json>() };
  }

  #value({ type, options }: SpecInput): Json {
    const random = this.#random;
    if (options !== undefined) return random.pick(options);
    if (type === "INT") return random.below(1000);
    if (type === "FLOAT") return random.below(1000) / 7;
    if (type === "BOOLEAN") return random.chance(0.5);
    return random.pick(["a cat", "", "https://x//y", "[1, 2]", "7", "ünï\n"]);
  }
}

interface Place {
  readonly level: Level;
  readonly prefix: string;
  readonly outer: { readonly place: Place; readonly node: Node } | null;
}
type Found = { readonly id: string; readonly slot: number } | { readonly value: Json } | null;

/** What the graph means: inputs by node id, as the prompt has them. */
export function expectedPrompt(root: Level): Record<string, JsonObject> {
  const out = new Map<string, Map<string, Json | { id: string; slot: number }>>();
  emit({ level: root, prefix: "", outer: null }, out);
  const entries = [...out].map(([id, inputs]) => {
    const written = [...inputs].flatMap(([name, value]): [string, Json][] => {
      if (value instanceof Link) return out.has(value.id) ? [[name, [value.id, value.slot]]] : [];
      return [[name, value as Json]];
    });
    return [id, Object.fromEntries(written)] as const;
  });
  return Object.fromEntries(entries);
}

class Link {
  readonly id: string;
  readonly slot: number;

  constructor(id: string, slot: number) {
    this.id = id;
    this.slot = slot;
  }
}

function emit(place: Place, out: Map<string, Map<string, Json | Link>>): void {
  for (const node of place.level.nodes) {
    if (node.mode === 2 || node.mode === 4) continue;
    if (node.kind === "subgraph" && node.definition !== null) {
      const prefix = `${place.prefix}${node.id}:`;
      emit({ level: node.definition, prefix, outer: { place, node } }, out);
    }
    if (node.kind !== "real") continue;
    const inputs = new Map<string, Json | Link>();
    for (const { name, fallback } of node.inputs) {
      if (fallback !== undefined) inputs.set(name, node.values.get(name) ?? fallback);
    }
    for (const { name, type } of node.inputs) {
      const ref = node.links.get(name);
      const found = ref === undefined ? null : resolve(place, ref, type);
      if (found === null) continue;
      inputs.set(name, "value" in found ? found.value : new Link(found.id, found.slot));
    }
    out.set(place.prefix + node.id, inputs);
  }
}

function resolve(place: Place, { node, slot }: Ref, type: string): Found {
  if (node === null) {
    const boundary = place.level.inputs[slot];
    if (place.outer === null || boundary === undefined) return null;
    return inputOf(place.outer.place, place.outer.node, boundary.name, type);
  }
  if (node.kind === "primitive") return { value: node.values.get("value") ?? null };
  if (node.mode === 4) {
    const through = bypass(node, slot, type);
    const ref = through === null ? undefined : node.links.get(through.name);
    return ref === undefined ? null : resolve(place, ref, type);
  }
  if (node.kind === "get") return channelOf(place, node.channel, type);
  const [first] = node.inputs;
  if (node.kind === "reroute" || node.kind === "set")
    return first === undefined ? null : inputOf(place, node, first.name, type);
  if (node.kind === "real") return { id: place.prefix + node.id, slot };
  const output = node.definition?.outputs[slot];
  if (node.definition === null || output === undefined) return null;
  const prefix = `${place.prefix}${node.id}:`;
  if (node.mode === 2) return { id: `${prefix}gone`, slot: 0 };
  return resolve({ level: node.definition, prefix, outer: { place, node } }, output.from, type);
}

/** The link of an input, else what a subgraph's node holds for it. */
function inputOf(place: Place, node: Node, name: string, type: string): Found {
  const ref = node.links.get(name);
  const linked = ref === undefined ? null : resolve(place, ref, type);
  if (linked !== null || node.kind !== "subgraph") return linked;
  const value = node.values.get(name);
  return value === undefined ? null : { value };
}

function channelOf(place: Place, channel: string, type: string): Found {
  for (let at: Place | undefined = place; at !== undefined; at = at.outer?.place) {
    const setter = at.level.nodes.find((node) => node.kind === "set" && node.channel === channel);
    if (setter !== undefined) return inputOf(at, setter, "*", type);
  }
  return null;
}

/** Slots as the editor has them: sockets first, then widgets. */
function bypass(node: Node, slot: number, type: string): SpecInput | null {
  const isWidget = ({ fallback }: SpecInput): boolean => fallback !== undefined;
  const inputs =
    node.kind === "real"
      ? [...node.inputs.filter((input) => !isWidget(input)), ...node.inputs.filter(isWidget)]
      : node.inputs;
  if (type === "*") return inputs[slot] ?? inputs[0] ?? null;
  const own = node.outputs[slot] ?? "*";
  const joins = (a: string, b: string): boolean => a === b || a === "*" || b === "*";
  const fits = (input: SpecInput): boolean => joins(input.type, own) && joins(input.type, type);
  const opposite = inputs[slot];
  if (opposite !== undefined && fits(opposite)) return opposite;
  return inputs.find((input) => input.type === type) ?? inputs.find(fits) ?? null;
}
