/** Node classes, found by listing folders: a file whose default export is a definition is a node. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UmbelError } from "#runtime/errors";
import type { NodeDescription, NodeDescriptions } from "#runtime/protocol/node-description";
import type { NodeDefinition } from "#runtime/sdk/node";
import { describeNode } from "./describe-node.ts";

export interface NodeRegistry {
  get(type: string): NodeDefinition | undefined;
  readonly descriptions: NodeDescriptions;
}

/** Loads every node file below the folders. Throws ERR_NODE for a file that is no node, or two of one type. */
export async function loadNodes(folders: readonly string[]): Promise<NodeRegistry> {
  const definitions = new Map<string, NodeDefinition>();
  for (const folder of folders) {
    for (const path of await nodeFiles(folder)) {
      const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
      const definition = module.default;
      if (!isDefinition(definition)) {
        throw new UmbelError("ERR_NODE", `Expected ${path} to export a node by default, got none.`);
      }
      if (definitions.has(definition.type)) {
        throw new UmbelError(
          "ERR_NODE",
          `Expected one node of type ${definition.type}, got another in ${path}.`,
        );
      }
      definitions.set(definition.type, definition);
    }
  }
  const described = [...definitions.values()].map(describeNode);
  const descriptions = new Map<string, NodeDescription>(described.map((d) => [d.type, d]));
  return { get: (type) => definitions.get(type), descriptions };
}

async function nodeFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(
      (entry) =>
        entry.isFile() && /(?<!\.d)\.[jt]s$/.test(entry.name) && !entry.name.endsWith(".test.ts"),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function isDefinition(value: unknown): value is NodeDefinition {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    "run" in value &&
    "inputs" in value
  );
}
