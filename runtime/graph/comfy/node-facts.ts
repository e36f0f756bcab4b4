/** What has to be known of a node class to read and write ComfyUI's forms of it. */
import type { Json } from "#runtime/graph/json";

export interface WidgetFact {
  readonly name: string;
  readonly kind: "int" | "float" | "text" | "boolean" | "combo" | "other";
  readonly default?: Json;
  /** Choices of a combo; absent when they are not known. */
  readonly options?: readonly Json[];
  /** Values that follow its own: one of CONTROLS, and for a combo a filter too. */
  readonly controls: 0 | 1 | 2;
  readonly dynamicPrompts: boolean;
  /** Further widgets that exist while its value is the key. */
  readonly variants?: Readonly<Record<string, readonly WidgetFact[]>>;
}

export interface InputFact {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  /** Value of an input without link and value; widgets only. */
  readonly default?: Json;
  readonly widget?: WidgetFact;
  /** A socket whose type would make a widget; older files hold a value for it all the same. */
  readonly forced: boolean;
}

export interface OutputFact {
  readonly name: string;
  readonly type: string;
}

export interface NodeFact {
  readonly title: string;
  /** All, widgets too, in the order of the definition. */
  readonly inputs: readonly InputFact[];
  /** Names are unique. */
  readonly outputs: readonly OutputFact[];
  /** Trailing values of upload buttons. */
  readonly uploads: number;
}

export interface NodeFacts {
  get(type: string): NodeFact | undefined;
}

/** What a seed does after a run. */
export const CONTROLS: readonly Json[] = [
  "fixed",
  "increment",
  "decrement",
  "randomize",
  "increment-wrap",
];

export const NO_FACTS: NodeFacts = { get: () => undefined };

/** The first that knows a class answers; outputs are named as `naming` names them when it knows the class. */
export function combineFacts(sources: readonly NodeFacts[], naming: NodeFacts): NodeFacts {
  return {
    get(type) {
      const fact = sources.map((source) => source.get(type)).find((found) => found !== undefined);
      const named = naming.get(type)?.outputs;
      if (fact === undefined || named === undefined || named.length < fact.outputs.length)
        return fact;
      return { ...fact, outputs: named };
    },
  };
}

/** The widgets that exist for these values. */
export function widgetsOf(
  fact: NodeFact,
  values: Readonly<Record<string, Json>> = {},
): readonly WidgetFact[] {
  return fact.inputs.flatMap(({ widget }) => {
    if (widget === undefined) return [];
    const chosen = values[widget.name] ?? widget.default;
    const more = typeof chosen === "string" ? variant(widget, chosen) : [];
    return [widget, ...more];
  });
}

function variant({ variants }: WidgetFact, chosen: string): readonly WidgetFact[] {
  return variants !== undefined && Object.hasOwn(variants, chosen) ? (variants[chosen] ?? []) : [];
}
