/** Node descriptions in the form of ComfyUI's `object_info`. */
import { integer, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Json } from "#runtime/graph/json";
import type {
  InputDescription,
  NodeDescription,
  NodeDescriptions,
} from "#runtime/protocol/node-description";

/** Names that a file input of a folder can take now. */
export type FolderFiles = (folder: string) => Promise<readonly string[]>;

/** All classes, or those of `types` that exist. */
export async function objectInfo(
  descriptions: NodeDescriptions,
  files: FolderFiles,
  types: Iterable<string> = descriptions.keys(),
): Promise<JsonObject> {
  const folders = new Map<string, Promise<readonly string[]>>();
  const once: FolderFiles = (folder) => {
    const known = folders.get(folder) ?? files(folder);
    folders.set(folder, known);
    return known;
  };
  const classes: [string, Json][] = [];
  for (const type of types) {
    const description = descriptions.get(type);
    if (description !== undefined) classes.push([type, await classInfo(description, once)]);
  }
  return Object.fromEntries(classes);
}

async function classInfo(node: NodeDescription, files: FolderFiles): Promise<JsonObject> {
  const required = node.inputs.filter((input) => !input.optional);
  const optional = node.inputs.filter((input) => input.optional);
  return {
    input: {
      required: await specs(required, files),
      ...(optional.length === 0 ? {} : { optional: await specs(optional, files) }),
    },
    input_order: {
      required: required.map((input) => input.name),
      ...(optional.length === 0 ? {} : { optional: optional.map((input) => input.name) }),
    },
    output: node.outputs.map((output) => output.type),
    output_is_list: node.outputs.map(() => false),
    output_name: node.outputs.map((output) => output.name),
    output_tooltips: node.outputs.map((output) => output.tooltip ?? null),
    name: node.type,
    display_name: node.title,
    description: node.description,
    python_module: "nodes",
    category: node.category,
    output_node: node.output,
    deprecated: node.deprecated,
    experimental: false,
    api_node: false,
    search_aliases: node.searchAliases,
  };
}

async function specs(inputs: readonly InputDescription[], files: FolderFiles): Promise<JsonObject> {
  const entries: [string, Json][] = [];
  for (const input of inputs) entries.push([input.name, await inputSpec(input, files)]);
  return Object.fromEntries(entries);
}

async function inputSpec(input: InputDescription, files: FolderFiles): Promise<Json> {
  const shared: JsonObject = {
    ...(input.tooltip === undefined ? {} : { tooltip: input.tooltip }),
    ...(input.advanced === true ? { advanced: true } : {}),
  };
  switch (input.kind) {
    case "socket":
      return Object.keys(shared).length === 0 ? [input.type] : [input.type, shared];
    case "int":
    case "seed":
      return [
        "INT",
        {
          ...range(input),
          ...(input.kind === "seed" ? { control_after_generate: true } : {}),
          ...shared,
        },
      ];
    case "float":
      return ["FLOAT", { ...range(input), ...shared }];
    case "text":
      return [
        "STRING",
        {
          default: input.default ?? "",
          multiline: input.multiline ?? false,
          ...(input.dynamicPrompts === true ? { dynamicPrompts: true } : {}),
          ...shared,
        },
      ];
    case "boolean":
      return ["BOOLEAN", { default: input.default ?? false, ...shared }];
    case "combo":
      return [
        input.options ?? [],
        { ...(input.default === undefined ? {} : { default: input.default }), ...shared },
      ];
    case "file": {
      const names = [...(input.options ?? []), ...(await files(input.folder ?? ""))];
      const upload = input.accept === undefined ? {} : { [`${input.accept}_upload`]: true };
      return [names, { ...upload, ...shared }];
    }
  }
}

/** Bounds of seeds are beyond what a double holds. */
function range({ default: given, min, max, step }: InputDescription): JsonObject {
  const entries = Object.entries({ default: given, min, max, step });
  return Object.fromEntries(
    entries
      .filter((entry): entry is [string, Json] => entry[1] !== undefined)
      .map(([key, value]) => [key, exact(value)]),
  );
}

function exact(value: Json): Json {
  if (typeof value !== "string" || !/^-?\d+$/.test(value)) return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : integer(value);
}
