/** `widgets_values` of a node: what the file had, with the document's values in their places. */
import type { DocumentNode } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { integer, listOf, objectOf, sameJson, type JsonObject } from "./comfy-json.ts";
import { widgetsOf, type NodeFact, type WidgetFact } from "./node-facts.ts";

type ListedWidget = Pick<WidgetFact, "controls"> & { readonly name: string | null };

const DIGITS = /^-?\d{1,20}$/;

/** The node's value as ComfyUI writes it: integers as numbers. */
export function comfyValue(
  value: Json,
  name: string,
  fact: NodeFact | undefined,
  integers: readonly Json[],
): Json {
  if (typeof value !== "string" || !DIGITS.test(value)) return value;
  const kind = fact?.inputs.find((input) => input.name === name)?.widget?.kind;
  if (kind === undefined ? !integers.includes(name) : kind !== "int") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : integer(value);
}

/**
 * The keys that hold values; none when the node has none and never had. A subgraph's node has no class: its widgets are
 * the inputs that `promoted` names, null where a widget inside has the place.
 */
export function writeWidgets(
  node: DocumentNode,
  fact: NodeFact | undefined,
  promoted?: readonly (string | null)[],
): JsonObject {
  const kept = objectOf(node["comfy"] as Json | undefined);
  const integers = listOf(kept["integers"]);
  const exists =
    fact === undefined
      ? (promoted ?? []).map((name): ListedWidget => ({ name, controls: 0 }))
      : widgetsOf(fact, node.values);
  const value = (name: string): Json => {
    const found = node.values[name] ?? defaultOf(fact, name);
    return comfyValue(found, name, fact, integers);
  };
  const names = Object.keys(node.values);
  const { widgets } = kept;
  const out: Record<string, Json> = {};
  let placed: readonly string[] = [];
  if (Array.isArray(widgets)) {
    const list = widgets as readonly Json[];
    const isEmpty = list.length === 0 && names.length === 0;
    const places = isEmpty ? list : complete(list, names, exists, fact?.uploads ?? 0);
    placed = places.filter((place) => typeof place === "string");
    out["widgets_values"] = places.map((place) =>
      typeof place === "string" ? value(place) : (listOf(place)[0] ?? null),
    );
  } else if (widgets !== undefined && widgets !== null) {
    const record = objectOf(widgets);
    const all = new Set([...listOf(record["names"]).map(String), ...names]);
    placed = [...all];
    out["widgets_values"] = {
      ...objectOf(record["rest"]),
      ...Object.fromEntries(placed.map((name) => [name, value(name)])),
    };
  } else if (exists.length > 0 && (widgets === undefined ? !("comfy" in node) : names.length > 0)) {
    const places = complete([], names, exists, fact?.uploads ?? 0);
    placed = places.filter((place) => typeof place === "string");
    out["widgets_values"] = places.map((place) =>
      typeof place === "string" ? value(place) : (listOf(place)[0] ?? null),
    );
  } else if (widgets === null) out["widgets_values"] = null;
  return { ...out, ...byName(node, objectOf(kept["file"]), placed, value) };
}

function defaultOf(fact: NodeFact | undefined, name: string): Json {
  return fact?.inputs.find((input) => input.name === name)?.default ?? null;
}

/** Adds places for values that the list has none for, up to the last of them. */
function complete(
  places: readonly Json[],
  names: readonly string[],
  exists: readonly ListedWidget[],
  uploads: number,
): readonly Json[] {
  const missing = names.filter((name) => !places.includes(name));
  if (places.length > 0 && missing.length === 0) return places;
  const full: Json[] = exists.flatMap((widget) => [
    widget.name ?? [null],
    ...[["fixed"], [""]].slice(0, widget.controls),
  ]);
  const all: readonly Json[] = [...full, ...Array.from({ length: uploads }, () => ["image"])];
  if (places.length === 0) return all;
  const last = Math.max(-1, ...missing.map((name) => full.indexOf(name)));
  if (last < places.length) return restored(places, missing, full);
  return [...restored(places, missing, full), ...all.slice(places.length, last + 1)];
}

/** A value that is set now takes its place where a hole was kept. */
function restored(
  places: readonly Json[],
  missing: readonly string[],
  full: readonly Json[],
): readonly Json[] {
  return places.map((place, i) => {
    const name = full[i];
    const isHole = Array.isArray(place) && place[0] === null;
    return isHole && typeof name === "string" && missing.includes(name) ? name : place;
  });
}

/** `widgets_values_named`: kept in step where the file has it, and the place of values that the list cannot hold. */
function byName(
  node: DocumentNode,
  file: JsonObject,
  placed: readonly string[],
  value: (name: string) => Json,
): JsonObject {
  const before = objectOf(file["widgets_values_named"]);
  const out: Record<string, Json> = { ...before };
  for (const name of Object.keys(node.values)) {
    const isKept = Object.hasOwn(before, name);
    if (isKept ? !sameJson(before[name], value(name)) : !placed.includes(name))
      out[name] = value(name);
  }
  const has = Object.keys(out).length > 0 || file["widgets_values_named"] !== undefined;
  return has ? { widgets_values_named: out } : {};
}
