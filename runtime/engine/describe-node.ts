/** A node definition as the data that clients see. */
import type { Json } from "#runtime/graph/json";
import type { InputDescription, NodeDescription } from "#runtime/protocol/node-description";
import type { Input } from "#runtime/sdk/inputs";
import type { NodeDefinition } from "#runtime/sdk/node";

export function describeNode(definition: NodeDefinition): NodeDescription {
  return {
    type: definition.type,
    title: definition.title,
    category: definition.category,
    description: definition.description,
    version: definition.version,
    inputs: Object.entries(definition.inputs).map(([name, input]) => describeInput(name, input)),
    outputs: Object.entries(definition.outputs).map(([name, output]) => ({ name, ...output })),
    output: definition.output ?? false,
    deprecated: definition.deprecated ?? false,
    searchAliases: definition.searchAliases ?? [],
  };
}

function describeInput(name: string, input: Input): InputDescription {
  const shared = {
    name,
    type: input.type,
    kind: input.kind,
    optional: input.optional ?? false,
    ...(input.tooltip === undefined ? {} : { tooltip: input.tooltip }),
    ...(input.advanced === undefined ? {} : { advanced: input.advanced }),
  };
  switch (input.kind) {
    case "socket":
      return shared;
    case "int":
    case "float":
    case "seed":
      return {
        ...shared,
        default: plain(input.default) as Json,
        min: plain(input.min),
        max: plain(input.max),
        ...(input.step === undefined ? {} : { step: input.step }),
      };
    case "text":
      return {
        ...shared,
        default: input.default as string,
        ...(input.multiline === undefined ? {} : { multiline: input.multiline }),
        ...(input.dynamicPrompts === undefined ? {} : { dynamicPrompts: input.dynamicPrompts }),
      };
    case "boolean":
      return { ...shared, default: input.default as boolean };
    case "combo": {
      const options = input.options as readonly (string | number)[];
      const value = (input.default as string | number | undefined) ?? options[0];
      return { ...shared, options, ...(value === undefined ? {} : { default: value }) };
    }
    case "file":
      return {
        ...shared,
        folder: input.folder,
        options: (input.extra ?? []) as readonly string[],
        ...(input.default === undefined ? {} : { default: input.default as string }),
        ...(input.accept === undefined ? {} : { accept: input.accept }),
      };
  }
}

function plain(value: unknown): number | string {
  return typeof value === "bigint" ? value.toString() : (value as number);
}
