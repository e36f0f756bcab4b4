/** Legacy group nodes: graphs folded into one node, with their definition in `extra.groupNodes`. They become subgraphs. */
import type { Subgraph } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { alignWidgets, isControl } from "./align-widgets.ts";
import { INPUT_NODE, OUTPUT_NODE } from "./boundaries.ts";
import { listOf, objectOf, type JsonObject, textOf } from "./comfy-json.ts";
import type { ImportContext } from "./context.ts";
import { fingerprint } from "./fingerprint.ts";
import { importDefinition } from "./import-level.ts";
import { widgetsOf } from "./node-facts.ts";
import { typeName } from "./object-info.ts";

/** The group as a subgraph of this one node, whose values are written into the nodes inside. */
export function expandGroupNode(name: string, raw: JsonObject, context: ImportContext): Subgraph {
  const group = objectOf(context.groupNodes[name]);
  const values = Array.isArray(raw["widgets_values"]) ? [...listOf(raw["widgets_values"])] : null;
  const config = objectOf(group["config"]);
  const nodes = listOf(group["nodes"]).map((node, index) => ({
    ...withValues(objectOf(node), objectOf(config[index]), values, context),
    id: index,
  }));
  const links = listOf(group["links"]).flatMap((entry, i): JsonObject[] => {
    const [origin, originSlot, target, targetSlot, , type] = listOf(entry);
    if (typeof origin !== "number" || typeof target !== "number") return [];
    return [
      {
        id: i + 1,
        origin_id: origin,
        origin_slot: originSlot ?? 0,
        target_id: target,
        target_slot: targetSlot ?? 0,
        type: type ?? "*",
      },
    ];
  });
  const ends = boundaryEnds(nodes, links, config, listOf(group["external"]), context);
  // A group within a group stays unknown: definitions of it would have to be found anew.
  const inner: ImportContext = { ...context, groupNodes: {} };
  const subgraph = importDefinition(
    name,
    { name, nodes, links: [...links, ...ends.links], inputs: ends.inputs, outputs: ends.outputs },
    {},
    inner,
  );
  const comfy = objectOf(subgraph["comfy"] as Json);
  return { ...subgraph, comfy: { ...comfy, group: fingerprint(subgraph as unknown as Json) } };
}

/** Takes the node's values from the list of the group's node, in which all widgets of all its nodes stand. */
function withValues(
  node: JsonObject,
  config: JsonObject,
  values: Json[] | null,
  { facts }: ImportContext,
): JsonObject {
  const own = listOf(node["widgets_values"]);
  if (
    values === null ||
    (node["widgets_values"] !== undefined && !Array.isArray(node["widgets_values"]))
  )
    return node;
  const fact = facts.get(textOf(node["type"]));
  if (fact === undefined) return { ...node, widgets_values: values.splice(0, own.length) };
  const hidden = objectOf(config["input"]);
  const converted = new Set(
    listOf(node["inputs"]).map((input) => objectOf(objectOf(input)["widget"])["name"] ?? null),
  );
  const places = alignWidgets(fact, own);
  for (const { name } of widgetsOf(fact)) if (!places.includes(name)) places.push(name);
  const filled = places.map((place, i) => {
    const before = own[i] ?? null;
    if (typeof place !== "string")
      return isControl(before) && isControl(values[0]) ? take(values, before) : before;
    const isShown = !converted.has(place) && objectOf(hidden[place])["visible"] !== false;
    return isShown ? take(values, before) : before;
  });
  return filled.length === 0 ? node : { ...node, widgets_values: filled };
}

function take(values: Json[], before: Json): Json {
  return values.shift() ?? before;
}

interface Ends {
  readonly inputs: readonly Json[];
  readonly outputs: readonly Json[];
  readonly links: readonly JsonObject[];
}

/** Sockets that the group shows: inputs without a link inside, outputs without one or with one to the outside too. */
function boundaryEnds(
  nodes: readonly JsonObject[],
  inner: readonly JsonObject[],
  config: JsonObject,
  external: readonly Json[],
  { facts }: ImportContext,
): Ends {
  const into = new Set(
    inner.map((link) => `${textOf(link["target_id"])} ${textOf(link["target_slot"])}`),
  );
  const outOf = new Set(
    inner.map((link) => `${textOf(link["origin_id"])} ${textOf(link["origin_slot"])}`),
  );
  const outside = new Set(external.map((entry) => listOf(entry).slice(0, 2).map(textOf).join(" ")));
  const ends = { inputs: [] as Json[], outputs: [] as Json[], links: [] as JsonObject[] };
  const names = { inputs: new Set<string>(), outputs: new Set<string>() };
  const add = (
    side: "inputs" | "outputs",
    node: JsonObject,
    wanted: string,
    type: string,
  ): number => {
    const title = typeof node["title"] === "string" ? node["title"] : textOf(node["type"]);
    const name = names[side].has(wanted) ? `${title} ${wanted}` : wanted;
    names[side].add(name);
    ends[side].push({ name, type, linkIds: [inner.length + ends.links.length + 1] });
    return ends[side].length - 1;
  };
  const link = (fields: JsonObject): void => {
    ends.links.push({ id: inner.length + ends.links.length + 1, ...fields });
  };
  nodes.forEach((node, index) => {
    const own = objectOf(config[index]);
    const custom = (side: "input" | "output", key: string): JsonObject =>
      objectOf(objectOf(own[side])[key]);
    listOf(node["inputs"]).forEach((entry, slot) => {
      const input = objectOf(entry);
      const { visible, name } = custom("input", textOf(input["name"]));
      if (into.has(`${index} ${slot}`) || visible === false) return;
      const wanted = textOf(name ?? input["label"] ?? input["name"] ?? `input ${slot}`);
      const at = add("inputs", node, wanted, typeName(input["type"]));
      link({
        origin_id: Number(INPUT_NODE),
        origin_slot: at,
        target_id: index,
        target_slot: slot,
        type: input["type"] ?? "*",
      });
    });
    const known = facts.get(textOf(node["type"]))?.outputs ?? [];
    listOf(node["outputs"]).forEach((entry, slot) => {
      const output = objectOf(entry);
      const { visible, name } = custom("output", String(slot));
      const isInner = outOf.has(`${index} ${slot}`) && !outside.has(`${index} ${slot}`);
      if (visible === false || (visible !== true && isInner)) return;
      const wanted = textOf(
        name ?? output["label"] ?? known[slot]?.name ?? output["name"] ?? `output ${slot}`,
      );
      const at = add("outputs", node, wanted, typeName(output["type"]));
      link({
        origin_id: index,
        origin_slot: slot,
        target_id: Number(OUTPUT_NODE),
        target_slot: at,
        type: output["type"] ?? "*",
      });
    });
  });
  return ends;
}
