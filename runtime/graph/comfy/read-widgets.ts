/** The values of a ComfyUI node by name, and what of its list or record of values is no widget's. */
import type { Json } from "#runtime/graph/json";
import { isObject } from "#runtime/graph/json";
import { alignWidgets, isControl, type Place } from "./align-widgets.ts";
import {
  digitsOf,
  listOf,
  objectOf,
  plain,
  sameJson,
  record,
  type JsonObject,
  textOf,
} from "./comfy-json.ts";
import { widgetsOf, type NodeFact } from "./node-facts.ts";
import type { Reporter } from "./report.ts";

export interface ReadWidgets {
  readonly values: Record<string, Json>;
  /** Kept in the document to write `widgets_values` again: places of a list, rest of a record, null or absent. */
  readonly widgets?:
    | readonly Place[]
    | { readonly names: readonly string[]; readonly rest: JsonObject }
    | null;
  /** Values that the file has as integers beyond 2^53. */
  readonly integers: readonly string[];
}

/** Widgets of nodes that only the editor has, in their order. */
const VIRTUAL_WIDGETS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Note", ["text"]],
  ["MarkdownNote", ["text"]],
  ["PrimitiveNode", ["value"]],
  ["SetNode", ["channel"]],
  ["GetNode", ["channel"]],
  ["easy setNode", ["channel"]],
  ["easy getNode", ["channel"]],
]);

export function readWidgets(
  node: JsonObject,
  fact: NodeFact | undefined,
  report: Reporter,
): ReadWidgets {
  const stored = node["widgets_values"];
  const named = objectOf(node["widgets_values_named"]);
  if (Array.isArray(stored)) {
    const values = stored as readonly Json[];
    return fromPlaces(values, placesOf(node, values, fact, report), named);
  }
  if (isObject(stored) && digitsOf(stored) === null) return fromRecord(stored, named, fact);
  const read = collect(Object.entries(named));
  return stored === null ? { ...read, widgets: null } : read;
}

function placesOf(
  node: JsonObject,
  values: readonly Json[],
  fact: NodeFact | undefined,
  report: Reporter,
): readonly Place[] {
  const virtual = VIRTUAL_WIDGETS.get(textOf(node["type"]));
  if (virtual !== undefined) {
    return values.map((value, i) => (value === null ? [value] : (virtual[i] ?? [value])));
  }
  return fact === undefined
    ? placesByInputs(node, values, report)
    : alignWidgets(fact, values, report);
}

/** Of a class that is not known: the widgets that are listed as inputs, when there are as many of them as values. */
function placesByInputs(node: JsonObject, values: readonly Json[], report: Reporter): Place[] {
  const names = listOf(node["inputs"]).flatMap((input) => {
    const name = objectOf(objectOf(input)["widget"])["name"];
    return typeof name === "string" ? [name] : [];
  });
  const isExtra = (i: number): boolean => i > 0 && isControl(values[i]) && isNumber(values[i - 1]);
  const own = values.filter((_, i) => !isExtra(i));
  if (own.length !== names.length || new Set(names).size !== names.length) {
    if (values.length > 0)
      report(
        "warning",
        `Its ${values.length} value(s) have no names: they are kept, but not used.`,
      );
    return values.map((value) => [value]);
  }
  let at = 0;
  return values.map((value, i) => {
    const name = isExtra(i) ? undefined : names[at++];
    return name === undefined || value === null ? [value] : name;
  });
}

/** Values in their places. Those by name, where the file has them, are meant: others in the list stay as they are. */
export function fromPlaces(
  values: readonly Json[],
  places: readonly Place[],
  named: JsonObject = {},
): ReadWidgets {
  const entries = places.flatMap((place, i): [string, Json][] =>
    typeof place === "string" ? [[place, values[i] ?? null]] : [],
  );
  const own = places.map((place, i): Place => {
    if (typeof place !== "string" || !Object.hasOwn(named, place)) return place;
    const value = values[i] ?? null;
    return sameJson(value, named[place]) ? place : [value];
  });
  return { ...collect([...entries, ...Object.entries(named)]), widgets: own };
}

function fromRecord(
  stored: JsonObject,
  named: JsonObject,
  fact: NodeFact | undefined,
): ReadWidgets {
  const known =
    fact === undefined
      ? null
      : new Set(widgetsOf(fact, stored as Record<string, Json>).map((widget) => widget.name));
  const isValue = ([name, value]: [string, Json]): boolean =>
    value !== null && (known === null ? typeof value !== "object" : known.has(name));
  const entries = Object.entries(stored);
  const rest = entries.filter((entry) => !isValue(entry));
  const values = entries.filter(isValue);
  return {
    ...collect([...values, ...Object.entries(named)]),
    widgets: { names: values.map(([name]) => name), rest: Object.fromEntries(rest) },
  };
}

function collect(entries: readonly (readonly [string, Json])[]): ReadWidgets {
  const values = record<Json>();
  const integers = new Set<string>();
  for (const [name, value] of entries) {
    if (value === null) continue;
    values[name] = plain(value);
    if (digitsOf(value) !== null) integers.add(name);
  }
  return { values, integers: [...integers] };
}

function isNumber(value: Json | undefined): boolean {
  return typeof value === "number" || (value !== undefined && digitsOf(value) !== null);
}
