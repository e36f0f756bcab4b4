/** `widgets_values` of a node in the ways in which files have it. */
import type { Json } from "#runtime/graph/json";
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Random } from "../../scripts/fuzz/random.ts";
import type { Spec, SpecInput } from "./graph-specs.ts";

const CONTROLS = ["fixed", "increment", "decrement", "randomize"];

export function widgetValues(
  spec: Spec,
  values: ReadonlyMap<string, Json>,
  random: Random,
): JsonObject {
  const widgets = spec.inputs.filter(({ fallback }) => fallback !== undefined);
  const chosen = (input: SpecInput): Json => values.get(input.name) ?? input.fallback ?? null;
  const controlsOf = ({ controls = 0 }: SpecInput): Json[] =>
    [random.pick(CONTROLS), ""].slice(0, controls);
  const uploads = Array.from({ length: spec.uploads ?? 0 }, (): Json => "image");
  const list = (value: (input: SpecInput) => Json): Json[] => [
    ...widgets.flatMap((input) => [value(input), ...controlsOf(input)]),
    ...uploads,
  ];
  const plain = (): JsonObject => ({ widgets_values: list(chosen) });
  switch (random.below(10)) {
    case 0:
      if (values.size > 0) return plain();
      return random.pick([{}, { widgets_values: null }, { widgets_values: [] }]);
    // Holes have the default.
    case 1:
      return { widgets_values: list((input) => values.get(input.name) ?? null) };
    case 2:
      return spec.inputs.some(({ forced }) => forced === true)
        ? plain()
        : { widgets_values: [...list(chosen), ...random.pick([[""], [null], ["", null, 3]])] };
    case 3:
      return { widgets_values: short(widgets, values, list(chosen), controlsOf) };
    case 4: {
      const record = widgets.map((input) => [input.name, chosen(input)] as const);
      return { widgets_values: Object.fromEntries(record) };
    }
    // The list is another version's; names are meant.
    case 5: {
      const named = widgets.map((input) => [input.name, chosen(input)] as const);
      const stale = list((input) => input.fallback ?? null);
      return { widgets_values: stale, widgets_values_named: Object.fromEntries(named) };
    }
    case 6:
      return { widgets_values: withDummies(spec, chosen, controlsOf, uploads) };
    case 7:
      return { widgets_values: withExtraControl(widgets, chosen, controlsOf, uploads) };
    default:
      return plain();
  }
}

/** Without values at the end that are the default. */
function short(
  widgets: readonly SpecInput[],
  values: ReadonlyMap<string, Json>,
  all: readonly Json[],
  controlsOf: (input: SpecInput) => Json[],
): readonly Json[] {
  let keep = 0;
  let at = 0;
  for (const input of widgets) {
    if (values.has(input.name)) keep = at + 1;
    at += 1 + controlsOf(input).length;
  }
  return all.slice(0, keep);
}

/** Old files have a value for sockets that could be widgets. */
function withDummies(
  { inputs }: Spec,
  chosen: (input: SpecInput) => Json,
  controlsOf: (input: SpecInput) => Json[],
  uploads: readonly Json[],
): Json[] {
  const own = inputs.flatMap((input): Json[] => {
    if (input.forced === true) return [0];
    return input.fallback === undefined ? [] : [chosen(input), ...controlsOf(input)];
  });
  return [...own, ...uploads];
}

/** A control value behind a number that has none in the class, before another number. */
function withExtraControl(
  widgets: readonly SpecInput[],
  chosen: (input: SpecInput) => Json,
  controlsOf: (input: SpecInput) => Json[],
  uploads: readonly Json[],
): Json[] {
  const isNumber = (input: SpecInput | undefined): boolean =>
    input?.type === "INT" || input?.type === "FLOAT";
  const own = widgets.flatMap((input, i): Json[] => {
    const own = controlsOf(input);
    const isExtra = own.length === 0 && isNumber(input) && isNumber(widgets[i + 1]);
    return [chosen(input), ...(isExtra ? ["randomize"] : own)];
  });
  return [...own, ...uploads];
}
