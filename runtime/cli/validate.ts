/** umbel validate GRAPH: every problem at once; nothing is run. */
import type { Command } from "commander";
import type { Engine } from "#runtime/engine/engine";
import { openEngine } from "#runtime/engine/open-engine";
import { isUmbelError, type UmbelError } from "#runtime/errors";
import { formatNote, type ImportNote } from "#runtime/graph/comfy/report";
import { formatProblem, hasErrors, type Problem } from "#runtime/graph/problems";
import { addEngineOptions, engineSettings, type EngineFlags } from "./engine-options.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { openDocument } from "#runtime/engine/open-graph";

export function addValidate(program: Command): void {
  const command = program
    .command("validate")
    .description("check a graph without running it")
    .argument("<graph...>", "files")
    .option("--json", "problems as JSON");
  addEngineOptions(command).action(validate);
}

async function validate(paths: string[], flags: EngineFlags & { json?: true }): Promise<void> {
  await using open = await openEngine({ ...engineSettings(flags), device: "null" });
  for (const path of paths) {
    const found = await check(open.engine, path);
    if (flags.json) process.stdout.write(`${JSON.stringify({ path, ...found })}\n`);
    else process.stdout.write(`${path}: ${describe(found)}`);
    if ("error" in found) process.exitCode = exitCodeOf(found.error);
    else if (hasErrors(found.problems)) process.exitCode = EXIT.invalid;
  }
}

type Found =
  | { readonly error: UmbelError }
  | {
      readonly problems: readonly Problem[];
      /** What of a ComfyUI file was repaired or is not known. */
      readonly imported?: readonly ImportNote[];
    };

/** A file that cannot be read must not hide the problems of the next. */
async function check(engine: Engine, path: string): Promise<Found> {
  try {
    const { document, report } = await openDocument(path);
    const { problems } = engine.validate(document);
    return report.length === 0 ? { problems } : { problems, imported: report };
  } catch (error) {
    if (isUmbelError(error)) return { error };
    throw error;
  }
}

function describe(found: Found): string {
  if ("error" in found) return `${found.error.message} [${found.error.code}]\n`;
  const { problems, imported = [] } = found;
  const count = problems.length === 0 ? "no problems" : `${problems.length} problem(s)`;
  const notes = imported.map((note) => `  read from ComfyUI, ${formatNote(note)}\n`);
  return [
    `${count}\n`,
    ...problems.map((problem) => `  ${formatProblem(problem)}\n`),
    ...notes,
  ].join("");
}
