/** Which value of a list belongs to which widget: ComfyUI stores widgets by position. */
import type { Json } from "#runtime/graph/json";
import { digitsOf, sameJson } from "./comfy-json.ts";
import { CONTROLS, widgetsOf, type NodeFact, type WidgetFact } from "./node-facts.ts";
import type { Reporter } from "./report.ts";

/** One place of the list: the widget whose value stands there, or the value itself when it is no widget's. */
export type Place = string | readonly [Json];

type Slot =
  | { readonly role: "value"; readonly widget: WidgetFact }
  | { readonly role: "control" | "filter" | "upload" | "dummy" };

/** The places of a node of a known class. Values that no place takes stay as they are. */
export function alignWidgets(
  fact: NodeFact,
  values: readonly Json[],
  report: Reporter = () => undefined,
): Place[] {
  const slots = slotsOf(fact, values);
  const places: Place[] = [];
  let at = 0;
  for (const slot of slots) {
    if (at >= values.length) break;
    const value = values[at] ?? null;
    if (slot.role === "control") {
      if (value !== null && !isControl(value) && values.length !== slots.length) continue;
      if (value !== null && !isControl(value))
        report("warning", `Expected what a seed does after a run, got ${show(value)}.`);
      places.push([value]);
      at++;
    } else if (slot.role !== "value") {
      places.push([value]);
      at++;
    } else {
      at = takeValue(slot.widget, values, at, slots.length, places, report);
    }
  }
  for (; at < values.length; at++) places.push([values[at] ?? null]);
  return places;
}

/** Puts the widget's value in its place; returns where the next one starts. */
function takeValue(
  widget: WidgetFact,
  values: readonly Json[],
  start: number,
  expected: number,
  places: Place[],
  report: Reporter,
): number {
  let at = start;
  const shifted = values.length !== expected;
  if (isNumeric(widget) && isControl(values[at])) {
    report("info", `Skipped ${show(values[at])} where the number "${widget.name}" belongs.`);
    places.push([values[at] ?? null]);
    at++;
    if (at >= values.length) return at;
  }
  const next = values[at + 1];
  if (shifted && isWrongChoice(widget, values[at]) && isChoice(widget, next)) {
    report("info", `Skipped ${show(values[at])} where a choice of "${widget.name}" belongs.`);
    places.push([values[at] ?? null]);
    at++;
  }
  const value = values[at] ?? null;
  if (value === null) places.push([null]);
  else if (shifted && isNumeric(widget) && !isNumber(value)) {
    report(
      "warning",
      `Expected a number for "${widget.name}", got ${show(value)}; its default is used. Check this node's values.`,
    );
    places.push([value]);
  } else {
    if (isWrongChoice(widget, value))
      report("info", `${show(value)} is none of the known choices of "${widget.name}".`);
    places.push(widget.name);
  }
  return at + 1;
}

function slotsOf(fact: NodeFact, values: readonly Json[]): Slot[] {
  const build = (dummies: boolean): Slot[] => [
    ...fact.inputs.flatMap((input): Slot[] => {
      if (input.forced) return dummies ? [{ role: "dummy" }] : [];
      return input.widget === undefined ? [] : widgetSlots(input.widget, fact, values);
    }),
    ...Array.from({ length: fact.uploads }, (): Slot => ({ role: "upload" })),
  ];
  const withDummies = build(true);
  if (withDummies.length === values.length) return withDummies;
  const slots = build(false);
  const plain = slots.filter(({ role }) => role !== "control" && role !== "filter");
  const first = values[slots.findIndex(({ role }) => role === "control")];
  // Some versions of subgraphs, and old files, have no control values at all.
  return plain.length === values.length && !isControl(first) ? plain : slots;
}

function widgetSlots(widget: WidgetFact, fact: NodeFact, values: readonly Json[]): Slot[] {
  const own: Slot[] = [{ role: "value", widget }];
  if (widget.controls > 0) own.push({ role: "control" });
  if (widget.controls > 1) own.push({ role: "filter" });
  const { variants } = widget;
  if (variants === undefined) return own;
  // Its choice is the first value that names a variant: widgets before it are no choices of that kind.
  const chosen = values.find(
    (value) => typeof value === "string" && Object.hasOwn(variants, value),
  );
  const more = widgetsOf(
    { ...fact, inputs: fact.inputs.filter((input) => input.widget === widget) },
    typeof chosen === "string" ? { [widget.name]: chosen } : {},
  );
  return [...own, ...more.slice(1).map((extra): Slot => ({ role: "value", widget: extra }))];
}

export function isControl(value: Json | undefined): boolean {
  return value !== undefined && CONTROLS.includes(value);
}

function isNumeric({ kind }: WidgetFact): boolean {
  return kind === "int" || kind === "float";
}

function isNumber(value: Json): boolean {
  return typeof value === "number" || digitsOf(value) !== null;
}

function isChoice(widget: WidgetFact, value: Json | undefined): boolean {
  return widget.options?.some((option) => sameJson(option, value)) === true;
}

function isWrongChoice(widget: WidgetFact, value: Json | undefined): boolean {
  return widget.options !== undefined && value !== null && !isChoice(widget, value);
}

function show(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
