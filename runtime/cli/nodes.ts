/** umbel nodes [NAME]: the node classes, or one with all its sockets and parameters. */
import type { Command } from "commander";
import { NODE_FOLDER } from "#runtime/engine/locations";
import { loadNodes } from "#runtime/engine/node-registry";
import { UmbelError } from "#runtime/errors";
import { nearest } from "#runtime/graph/nearest";
import type { InputDescription, NodeDescription } from "#runtime/protocol/node-description";

export function addNodes(program: Command): void {
  program
    .command("nodes")
    .description("list node types, or describe one")
    .argument("[name]", "node type")
    .option("--json", "as JSON")
    .action(nodes);
}

async function nodes(name: string | undefined, flags: { json?: true }): Promise<void> {
  const { descriptions } = await loadNodes([NODE_FOLDER]);
  const all = [...descriptions.values()].toSorted((a, b) =>
    `${a.category} ${a.type}` < `${b.category} ${b.type}` ? -1 : 1,
  );
  if (name === undefined) {
    process.stdout.write(flags.json ? `${JSON.stringify(all, null, 2)}\n` : table(all));
    return;
  }
  const found = descriptions.get(name);
  if (found === undefined) {
    const near = nearest(name, [...descriptions.keys()]);
    throw new UmbelError(
      "ERR_USAGE",
      `Expected a node type, got "${name}".${near === null ? "" : ` Did you mean ${near}?`}`,
    );
  }
  process.stdout.write(flags.json ? `${JSON.stringify(found, null, 2)}\n` : page(found));
}

function table(all: readonly NodeDescription[]): string {
  const width = Math.max(0, ...all.map((node) => node.type.length));
  return all
    .map((node) => `${node.category.padEnd(14)} ${node.type.padEnd(width)}  ${node.title}\n`)
    .join("");
}

function page(node: NodeDescription): string {
  const lines = [`${node.type}: ${node.title} (${node.category})`, node.description, "", "inputs"];
  for (const input of node.inputs)
    lines.push(`  ${input.name}: ${typeOf(input)}${input.tooltip ? `  ${input.tooltip}` : ""}`);
  lines.push("outputs", ...node.outputs.map((output) => `  ${output.name}: ${output.type}`));
  return `${lines.join("\n")}\n`;
}

function typeOf(input: InputDescription): string {
  const optional = input.optional ? " (optional)" : "";
  if (input.kind === "socket") return `${input.type} link${optional}`;
  if (input.kind === "file") return `file of ${input.folder}${optional}`;
  const choices = input.options === undefined ? "" : ` of ${input.options.join(" | ")}`;
  const range = input.min === undefined ? "" : ` ${input.min}..${input.max}`;
  return `${input.kind}${choices}${range} = ${JSON.stringify(input.default)}${optional}`;
}
