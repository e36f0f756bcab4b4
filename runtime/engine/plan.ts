/** What a run does: the nodes that the wanted outputs need, in dependency order, each with its content key. */
import { createHash } from "node:crypto";
import { toUmbelError, UmbelError } from "#runtime/errors";
import type { Json } from "#runtime/graph/json";
import type { ResolvedGraph, ResolvedNode } from "#runtime/graph/resolve";
import type { NodeContext, NodeDefinition } from "#runtime/sdk/node";
import { nodeValues } from "./node-values.ts";
import type { NodeRegistry } from "./node-registry.ts";

export interface PlannedNode {
  readonly id: string;
  readonly definition: NodeDefinition;
  readonly resolved: ResolvedNode;
  /** Values of the unlinked inputs, defaults filled in, seeds as bigint. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Equal keys, equal results: type, version, values, fingerprint, keys of the inputs. */
  readonly key: string;
  /** Equal work, equal times: the same without seeds and texts. */
  readonly work: string;
}

export type FingerprintContext = Pick<NodeContext, "modelPath" | "inputPath">;

/**
 * Plans a run. `targets` are node ids whose results are wanted; absent: every output node.
 * Throws ERR_NODE for a target that does not exist. The graph must have been validated.
 */
export function planRun(
  graph: ResolvedGraph,
  registry: NodeRegistry,
  context: FingerprintContext,
  targets?: readonly string[],
): readonly PlannedNode[] {
  const planned = new Map<string, PlannedNode>();
  const wanted =
    targets ?? [...graph.values()].filter((n) => registry.get(n.type)?.output).map((n) => n.id);
  for (const target of wanted) {
    if (!graph.has(target)) {
      throw new UmbelError("ERR_NODE", `Expected a node of the graph to run, got "${target}".`);
    }
    for (const id of dependencies(graph, target)) {
      if (planned.has(id)) continue;
      const resolved = graph.get(id);
      const definition = resolved && registry.get(resolved.type);
      if (!resolved || !definition) {
        throw new UmbelError("ERR_NODE", `Expected a known node, got "${id}".`, { nodeId: id });
      }
      const values = nodeValues(definition, resolved);
      const fingerprint = fingerprintOf(definition, values, id, context);
      const sources = Object.entries(resolved.inputs).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const works = sources.map(([, source]) => planned.get(source.node)?.work);
      const inputs = sources.map(([name, source]) => [
        name,
        planned.get(source.node)?.key ?? "",
        source.output,
      ]);
      const key = digest([definition.type, definition.version, values, fingerprint, inputs]);
      const work = digest([
        definition.type,
        definition.version,
        withoutContent(definition, values),
        inputs.map(([name, , output], i) => [name, works[i] ?? "", output]),
      ]);
      planned.set(id, { id, definition, resolved, values, key, work });
    }
  }
  return [...planned.values()];
}

function fingerprintOf(
  definition: NodeDefinition,
  values: Record<string, unknown>,
  nodeId: string,
  context: FingerprintContext,
): string {
  try {
    return definition.fingerprint?.(values, context) ?? "";
  } catch (cause) {
    const { code, message } = toUmbelError(cause, "ERR_FILE");
    throw new UmbelError(code, message, { cause, nodeId });
  }
}

/** The node and all it needs, dependencies first; iterative, since graphs may be deep. */
function dependencies(graph: ResolvedGraph, target: string): string[] {
  const order: string[] = [];
  const state = new Set<string>();
  const stack: { id: string; expanded: boolean }[] = [{ id: target, expanded: false }];
  while (stack.length > 0) {
    const top = stack.pop();
    if (top === undefined) break;
    if (top.expanded) {
      order.push(top.id);
      continue;
    }
    if (state.has(top.id)) continue;
    state.add(top.id);
    stack.push({ id: top.id, expanded: true });
    const sources = Object.values(graph.get(top.id)?.inputs ?? {}).map((source) => source.node);
    for (const id of sources.toReversed()) if (!state.has(id)) stack.push({ id, expanded: false });
  }
  return order;
}

/** Values that change what comes out, but not what it takes. */
function withoutContent(
  definition: NodeDefinition,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => {
      const kind = definition.inputs[name]?.kind;
      return kind !== "seed" && kind !== "text";
    }),
  );
}

function digest(parts: readonly unknown[]): string {
  const text = JSON.stringify(parts, (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : sortKeys(value),
  );
  return createHash("sha256").update(text).digest("hex");
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
