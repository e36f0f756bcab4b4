/** Node facts from descriptions of node classes that are installed here. */
import type {
  InputDescription,
  NodeDescription,
  NodeDescriptions,
} from "#runtime/protocol/node-description";
import type { InputFact, NodeFact, NodeFacts, WidgetFact } from "./node-facts.ts";

const KINDS = {
  int: "int",
  seed: "int",
  float: "float",
  text: "text",
  boolean: "boolean",
  combo: "combo",
  file: "combo",
} as const satisfies Record<Exclude<InputDescription["kind"], "socket">, WidgetFact["kind"]>;

export function descriptionFacts(descriptions: NodeDescriptions): NodeFacts {
  return {
    get(type) {
      const description = descriptions.get(type);
      return description === undefined ? undefined : describe(description);
    },
  };
}

function describe(description: NodeDescription): NodeFact {
  return {
    title: description.title,
    inputs: description.inputs.map(describeInput),
    outputs: description.outputs,
    uploads: description.inputs.filter((input) => input.accept !== undefined).length,
  };
}

function describeInput(input: InputDescription): InputFact {
  const { name, type, kind, optional } = input;
  if (kind === "socket") return { name, type, optional, forced: false };
  const initial = input.default === undefined ? {} : { default: input.default };
  const widget: WidgetFact = {
    name,
    kind: KINDS[kind],
    ...initial,
    // The files of a folder are another machine's.
    ...(kind === "combo" && input.options !== undefined ? { options: input.options } : {}),
    controls: kind === "seed" ? 1 : 0,
    dynamicPrompts: input.dynamicPrompts === true,
  };
  return { name, type, optional, forced: false, widget, ...initial };
}
