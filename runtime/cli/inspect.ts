/** umbel inspect FILE: what a checkpoint or LoRA is. */
import type { Command } from "commander";
import {
  inspectModelFile,
  type FileInspection,
  type LoraInspection,
  type ModelInspection,
} from "#runtime/engine/inspect-file";
import { EXIT } from "./exit-codes.ts";
import { formatBytes } from "./format-quantity.ts";

const MOST_SHOWN = 1000;

interface Flags {
  readonly model?: string;
  readonly json?: true;
}

export function addInspect(program: Command): void {
  program
    .command("inspect")
    .description("say what a checkpoint or LoRA is: family, precision, what is missing or unknown")
    .argument("<file>", "safetensors file or sharded index")
    .option("--model <checkpoint>", "match a LoRA to this checkpoint")
    .option("--json", "as JSON")
    .action(inspect);
}

async function inspect(path: string, flags: Flags): Promise<void> {
  const found = await inspectModelFile(path, flags.model);
  process.stdout.write(flags.json ? `${JSON.stringify(found)}\n` : text(found));
  if (!isUsable(found)) process.exitCode = EXIT.failed;
}

/** A model that has all its tensors, or a LoRA that fits the model it was held against. */
function isUsable({ models, lora, problem }: FileInspection): boolean {
  if (problem !== null) return false;
  if (lora !== null) return lora.fit === null || lora.fit.applied > 0;
  return models.some(({ missing, mismatched }) => missing.length + mismatched.length === 0);
}

function text(found: FileInspection): string {
  const precision = Object.entries(found.precision).map(
    ([type, { tensors, parameters }]) => `${type} ${tensors} tensors, ${count(parameters)}`,
  );
  const shards = found.files > 1 ? ` in ${found.files} files` : "";
  return lines([
    ["file", `${found.path} (${formatBytes(found.bytes)}${shards})`],
    ["tensors", `${found.tensors}, ${count(found.parameters)} numbers`],
    ["precision", precision.join("; ")],
    ...found.models.flatMap(modelLines),
    ...(found.lora === null ? [] : loraLines(found.lora)),
    ...(found.problem === null ? [] : [["holds", found.problem] as const]),
    ...Object.entries(found.metadata).map(
      ([key, value]) => ["metadata", `${key}: ${value}`] as const,
    ),
  ]);
}

type Line = readonly [name: string, value: string];

function modelLines(model: ModelInspection): Line[] {
  const where = model.prefix === "" ? "" : ` below ${model.prefix}`;
  const wrong = model.mismatched.map(
    ({ name, expected, found }) =>
      `${name} [${found.join(", ")}] instead of [${expected.join(", ")}]`,
  );
  return [
    [
      "model",
      `${model.title} (${model.kind}, family ${model.family}), ${model.naming} names${where}`,
    ],
    ["  numbers", count(model.parameters)],
    ["  settings", JSON.stringify(model.config)],
    ...(model.scaled > 0
      ? [["  scaled", `${model.scaled} weights in scaled float8`] as const]
      : []),
    ...(model.tokenizer ? [["  tokeniser", "inside"] as const] : []),
    ["  missing", some(model.missing)],
    ["  unknown", some(model.unknown)],
    ["  shapes", wrong.length === 0 ? "as expected" : some(wrong)],
  ];
}

function loraLines({
  format,
  layers,
  ranks,
  alphas,
  differences,
  unsupported,
  madeFor,
  fit,
}: LoraInspection): Line[] {
  const rankText = Object.entries(ranks).map(([rank, of]) => `${rank} (${of} layers)`);
  return [
    ["LoRA", `for ${madeFor ?? "an unknown model"}, ${layers} layers, ${format}`],
    ["  rank", rankText.join(", ") || "none"],
    ["  alpha", alphas.length === 0 ? "the rank" : alphas.slice(0, 8).join(", ")],
    ...(differences > 0 ? [["  differences", `${differences} layers`] as const] : []),
    ...(unsupported.length > 0 ? [["  unsupported", unsupported.join("; ")] as const] : []),
    ...(fit === null
      ? []
      : ([
          ["  on", `${fit.model}: ${fit.applied} tensors change`],
          ["  unmatched", some(fit.unmatched)],
          ["  elsewhere", some(fit.elsewhere)],
          ["  left out", some(fit.unsupported.map(({ key, reason }) => `${key} (${reason})`))],
        ] satisfies Line[])),
  ];
}

function some(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${names.length}: ${shown} ...` : shown;
}

function count(parameters: number): string {
  for (const [unit, size] of [
    ["billion", 1e9],
    ["million", 1e6],
    ["thousand", 1e3],
  ] as const) {
    if (parameters >= size) return `${(parameters / size).toFixed(2)} ${unit}`;
  }
  return String(parameters);
}

function lines(rows: readonly Line[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}\n`).join("");
}

/** Names and metadata come from a file: nothing in them may steer the terminal. */
function printable(value: string): string {
  const shown = value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)} ...` : value;
  return shown.replaceAll(/\p{Cc}/gu, " ");
}
