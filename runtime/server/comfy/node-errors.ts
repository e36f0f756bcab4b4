/** Problems of a document as the errors that ComfyUI's POST /prompt answers with. */
import { objectOf, textOf, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Json } from "#runtime/graph/json";
import type { InputDescription, NodeDescriptions } from "#runtime/protocol/node-description";

export interface ApiProblem {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly node?: string | undefined;
  readonly socket?: string | undefined;
  readonly message: string;
}

export interface PromptError {
  readonly type: string;
  readonly message: string;
  readonly details: string;
  readonly extra_info: JsonObject;
}

export type NodeErrors = JsonObject & { readonly errors: readonly (PromptError & JsonObject)[] };

/** What keeps a graph from running: errors, and files that are not there. */
export function isFatal(problem: ApiProblem): boolean {
  return problem.severity === "error" || problem.code === "missing_file";
}

/** A problem of the whole prompt or of one that stops it before nodes are looked at; null when there is none. */
export function promptError(
  problems: readonly ApiProblem[],
  prompt: JsonObject,
): PromptError | null {
  const unknown = problems.find((problem) => problem.code === "unknown_node_type");
  if (unknown !== undefined) {
    const id = unknown.node ?? "";
    const type = textOf(objectOf(prompt[id])["class_type"]);
    return error(
      "missing_node_type",
      `Cannot execute because node ${type} does not exist.`,
      `Node ID '#${id}'`,
      { node_id: id, class_type: type, node_title: titleOf(prompt, id) },
    );
  }
  if (problems.some((problem) => problem.code === "no_output"))
    return error("prompt_no_outputs", "Prompt has no outputs", "");
  const cycle = problems.find((problem) => problem.code === "cycle");
  return cycle === undefined ? null : error("dependency_cycle", cycle.message, cycle.message);
}

/**
 * Errors by node. `dependents` tells which output nodes need a node; those of all nodes with an error cannot run.
 */
export function nodeErrors(
  problems: readonly ApiProblem[],
  prompt: JsonObject,
  descriptions: NodeDescriptions,
  dependents: (id: string) => readonly string[],
): { readonly [id: string]: NodeErrors } {
  const byNode = new Map<string, (PromptError & JsonObject)[]>();
  for (const problem of problems) {
    if (problem.node === undefined || !isFatal(problem)) continue;
    const list = byNode.get(problem.node) ?? [];
    list.push(nodeError(problem, prompt, descriptions));
    byNode.set(problem.node, list);
  }
  return Object.fromEntries(
    [...byNode].map(([id, errors]) => [
      id,
      {
        errors,
        dependent_outputs: dependents(id),
        class_type: textOf(objectOf(prompt[id])["class_type"]),
      },
    ]),
  );
}

function nodeError(
  problem: ApiProblem,
  prompt: JsonObject,
  descriptions: NodeDescriptions,
): PromptError & JsonObject {
  const node = objectOf(prompt[problem.node ?? ""]);
  const name = problem.socket ?? "";
  const value = objectOf(node["inputs"])[name];
  const input = descriptions
    .get(textOf(node["class_type"]))
    ?.inputs.find((candidate) => candidate.name === name);
  const extra: JsonObject = {
    input_name: name,
    ...(input === undefined ? {} : { input_config: config(input) }),
    ...(value === undefined ? {} : { received_value: value }),
  };
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  switch (problem.code) {
    case "missing_input":
      return error("required_input_missing", "Required input is missing", name, extra);
    case "dangling_link":
    case "unknown_socket":
      return error(
        "bad_linked_input",
        "Bad linked input, must be a length-2 list of [node_id, slot_index]",
        `${name}, ${problem.message}`,
        { ...extra, ...linked(value) },
      );
    case "type_mismatch":
      return error(
        "return_type_mismatch",
        "Return type mismatch between linked nodes",
        `${name}, ${problem.message}`,
        { ...extra, ...linked(value) },
      );
    case "wrong_value_type":
      return error(
        "invalid_input_type",
        `Failed to convert an input value to a ${input?.type ?? "?"} value`,
        `${name}, ${shown}, ${problem.message}`,
        extra,
      );
    case "value_below_min":
      return error(
        "value_smaller_than_min",
        `Value ${shown} smaller than min of ${input?.min}`,
        name,
        extra,
      );
    case "value_above_max":
      return error(
        "value_bigger_than_max",
        `Value ${shown} bigger than max of ${input?.max}`,
        name,
        extra,
      );
    case "value_not_in_list":
    case "missing_file":
      return error(
        "value_not_in_list",
        "Value not in list",
        listDetails(name, shown, input),
        extra,
      );
    default:
      return error(
        "custom_validation_failed",
        "Custom validation failed for node",
        problem.message,
        extra,
      );
  }
}

function listDetails(
  name: string,
  shown: string | undefined,
  input: InputDescription | undefined,
): string {
  const options = input?.options ?? [];
  const list = options.length > 20 ? `(list of length ${options.length})` : JSON.stringify(options);
  return `${name}: '${shown}' not in ${list}`;
}

function config(input: InputDescription): Json {
  const { min, max, default: given } = input;
  const options = Object.entries({ default: given, min, max }).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined,
  );
  return [input.options ?? input.type, Object.fromEntries(options)];
}

function linked(value: Json | undefined): JsonObject {
  return Array.isArray(value) ? { linked_node: value } : {};
}

function titleOf(prompt: JsonObject, id: string): string {
  const node = objectOf(prompt[id]);
  return textOf(objectOf(node["_meta"])["title"]) || textOf(node["class_type"]);
}

export function error(
  type: string,
  message: string,
  details: string,
  extra_info: JsonObject = {},
): PromptError & JsonObject {
  return { type, message, details, extra_info };
}
