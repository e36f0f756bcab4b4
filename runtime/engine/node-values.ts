/** Document values -> the values that a node's `run` receives. */
import { UmbelError } from "#runtime/errors";
import { toBigInt } from "#runtime/graph/validate-value";
import type { ResolvedNode } from "#runtime/graph/resolve";
import type { Input } from "#runtime/sdk/inputs";
import type { NodeDefinition } from "#runtime/sdk/node";

export function nodeValues(
  definition: NodeDefinition,
  node: ResolvedNode,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(definition.inputs)) {
    // A socket takes a link alone; some converters write null for one without.
    if (name in node.inputs || input.kind === "socket") continue;
    const value = name in node.values ? fromDocument(input, node.values[name]) : defaultOf(input);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

/** A value that arrives over a link into a widget: numbers become the widget's kind. Throws ERR_NODE for unwanted lists. */
export function coerceLinked(input: Input, value: unknown): unknown {
  if (input.type === "FLOAT" && Array.isArray(value) && !("perStep" in input)) {
    throw new UmbelError(
      "ERR_NODE",
      `Expected one number, got a list of ${value.length}, one a step. Link it to a sampler's guidance.`,
    );
  }
  if (input.kind === "seed" && typeof value === "number") return BigInt(Math.trunc(value));
  if (input.kind === "int" && typeof value === "bigint") return Number(value);
  if (input.kind === "int" && typeof value === "number") return Math.trunc(value);
  if (input.kind === "float" && typeof value === "bigint") return Number(value);
  if (input.kind === "text" && (typeof value === "number" || typeof value === "bigint"))
    return String(value);
  return value;
}

function fromDocument(input: Input, value: unknown): unknown {
  if (input.kind === "seed") return toBigInt(value as never) ?? input.default;
  if (input.kind === "boolean") return value === true;
  if (input.kind === "file" && typeof value === "string") return value.replaceAll("\\", "/");
  return value;
}

function defaultOf(input: Input): unknown {
  if (input.kind === "combo") return input.default ?? input.options[0];
  return "default" in input ? input.default : undefined;
}
