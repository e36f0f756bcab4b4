/** Values that a subgraph's node holds for widgets inside: the three ways in which ComfyUI has stored them. */
import type { Json } from "#runtime/graph/json";
import { alignWidgets, isControl, type Place } from "./align-widgets.ts";
import { boundaryName, INPUT_NODE, linkIds, readBoundaries } from "./boundaries.ts";
import { idOf, listOf, objectOf, type JsonObject, textOf } from "./comfy-json.ts";
import type { ImportContext } from "./context.ts";
import type { InputFact, WidgetFact } from "./node-facts.ts";
import { fromPlaces, readWidgets, type ReadWidgets } from "./read-widgets.ts";
import type { Reporter } from "./report.ts";

const MAX_NESTING = 32;

const KINDS: Readonly<Record<string, WidgetFact["kind"]>> = {
  INT: "int",
  FLOAT: "float",
  STRING: "text",
  BOOLEAN: "boolean",
  COMBO: "combo",
};

/**
 * With `proxyWidgets`, value i belongs to entry i and counts for entries of a boundary input ("-1") only: others show
 * the widget inside. Without, there is one value for each input that has a widget. Null means the value inside.
 */
export function promotedWidgets(
  raw: JsonObject,
  definition: JsonObject,
  context: ImportContext,
  report: Reporter,
): ReadWidgets {
  const stored = raw["widgets_values"];
  if (!Array.isArray(stored)) return readWidgets(raw, undefined, report);
  const values = stored as readonly Json[];
  const proxies = objectOf(raw["properties"])["proxyWidgets"];
  const named = objectOf(raw["widgets_values_named"]);
  if (Array.isArray(proxies)) {
    const inputs = new Set(readBoundaries(definition["inputs"]).map((input) => input.name));
    const places = values.map((value, i): Place => {
      const [id, name] = listOf((proxies as readonly Json[])[i]);
      const isInput = idOf(id) === "-1" && typeof name === "string" && inputs.has(name);
      return isInput && value !== null ? name : [value];
    });
    return fromPlaces(values, places, named);
  }
  const inputs = promotedInputs(raw, definition, context, values);
  const places = alignWidgets({ title: "", inputs, outputs: [], uploads: 0 }, values, report);
  return fromPlaces(values, places, named);
}

/**
 * The inputs with a widget, in order: those that the node lists, or all that lead to a widget. Some versions list the
 * linked ones alone, so the count decides.
 */
function promotedInputs(
  raw: JsonObject,
  definition: JsonObject,
  context: ImportContext,
  values: readonly Json[],
): InputFact[] {
  const boundaries = readBoundaries(definition["inputs"]);
  const inputs = listOf(raw["inputs"]).map(objectOf);
  const names = inputs.map(({ name }) => (typeof name === "string" ? name : undefined));
  const listed = inputs.flatMap((input, i) =>
    input["widget"] === undefined ? [] : (boundaryName(boundaries, names, i) ?? []),
  );
  const all = boundaries.map((_, slot) => innerWidget(definition, slot, context, 0));
  const promoted = boundaries.flatMap(({ name, type }, slot): InputFact[] => {
    const inner = all[slot] ?? null;
    if (inner === null && !listed.includes(name)) return [];
    const widget: WidgetFact = {
      ...(inner ?? {
        kind: KINDS[type] ?? "other",
        controls: type === "INT" && /^(noise_)?seed$/.test(name) ? 1 : 0,
        dynamicPrompts: false,
      }),
      name,
    };
    return [{ name, type, optional: true, forced: false, widget }];
  });
  const shown = promoted.filter(({ name }) => listed.includes(name));
  if (fits(shown, values)) return shown;
  return fits(promoted, values) || values.length > shown.length ? promoted : shown;
}

/** Whether there is a value for each, without or with what seeds do after a run. */
function fits(inputs: readonly InputFact[], values: readonly Json[]): boolean {
  if (values.length === inputs.length) return true;
  const controls = inputs.map(({ widget }) => widget?.controls ?? 0);
  const first = controls.findIndex((count) => count > 0);
  const all = inputs.length + controls.reduce<number>((sum, count) => sum + count, 0);
  return first >= 0 && values.length === all && isControl(values[first + 1]);
}

/** The widget that boundary input `slot` leads to. */
function innerWidget(
  definition: JsonObject,
  slot: number,
  context: ImportContext,
  depth: number,
): WidgetFact | null {
  if (depth > MAX_NESTING) return null;
  const ids = new Set(linkIds(objectOf(listOf(definition["inputs"])[slot])));
  const links = listOf(definition["links"]).map(objectOf);
  for (const link of links) {
    const starts = idOf(link["origin_id"]) === INPUT_NODE && link["origin_slot"] === slot;
    if (!starts && !ids.has(idOf(link["id"]) ?? "")) continue;
    const node = listOf(definition["nodes"])
      .map(objectOf)
      .find((candidate) => idOf(candidate["id"]) === idOf(link["target_id"]));
    if (node === undefined) continue;
    const entries = listOf(node["inputs"]).map(objectOf);
    const linked = entries.find((input) => idOf(input["link"] ?? null) === idOf(link["id"]));
    const placed = entries[Number(link["target_slot"])];
    const entry = linked ?? (idOf(placed?.["link"] ?? null) === null ? placed : undefined);
    const name = objectOf(entry?.["widget"])["name"];
    if (entry === undefined || typeof name !== "string") continue;
    const nested = context.definitions.get(textOf(node["type"]));
    if (nested !== undefined) {
      const boundaries = readBoundaries(nested["inputs"]);
      const names = entries.map((input) => textOf(input["name"]));
      const own = boundaryName(boundaries, names, entries.indexOf(entry));
      const inner = boundaries.findIndex((boundary) => boundary.name === own);
      return innerWidget(nested, inner, context, depth + 1);
    }
    const fact = context.facts.get(textOf(node["type"]));
    const widget = fact?.inputs.find((input) => input.name === name)?.widget;
    if (widget !== undefined) return widget;
  }
  return null;
}
