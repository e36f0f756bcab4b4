/** Whether this machine can run a graph: its node classes, its model files, and memory for them. */
import { statSync } from "node:fs";
import { checkDocument } from "#runtime/engine/check-document";
import type { EngineFiles } from "#runtime/engine/files";
import type { NodeRegistry } from "#runtime/engine/node-registry";
import type { GraphDocument } from "#runtime/graph/document";

/**
 * Why a graph is better run elsewhere; null when it can run here, or nowhere. Memory is compared with the size of the
 * model files alone: what a run takes beside them is not known before it.
 */
export function reasonAgainst(
  document: GraphDocument,
  registry: NodeRegistry,
  files: EngineFiles,
  memoryBytes: number,
): string | null {
  const { problems, graph } = checkDocument(document, registry, (folder) =>
    folder === "input" ? null : files.list(folder),
  );
  const local = problems.find(
    ({ code }) => code === "missing_file" || code === "unknown_node_type",
  );
  if (local !== undefined) return local.message;
  const models = new Set<string>();
  for (const { type, values } of graph.values()) {
    for (const { name, kind, folder } of registry.descriptions.get(type)?.inputs ?? []) {
      const value = values[name];
      if (kind !== "file" || folder === undefined || folder === "input") continue;
      if (typeof value === "string" && value !== "") models.add(modelPath(files, folder, value));
    }
  }
  const needed = [...models].reduce((sum, path) => sum + sizeOf(path), 0);
  if (needed <= memoryBytes) return null;
  return `Expected memory for ${needed} bytes of models, got ${memoryBytes}.`;
}

function modelPath(files: EngineFiles, folder: string, name: string): string {
  try {
    return files.modelPath(folder, name);
  } catch {
    // An entry beside the files, such as "none".
    return "";
  }
}

function sizeOf(path: string): number {
  return path === "" ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
}
