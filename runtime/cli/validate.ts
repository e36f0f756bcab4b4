/** umbel validate GRAPH: every problem at once; nothing is run. */
import type { Command } from "commander";
import { openEngine } from "#runtime/engine/open-engine";
import { formatProblem, hasErrors } from "#runtime/graph/problems";
import { addEngineOptions, engineSettings, type EngineFlags } from "./engine-options.ts";
import { EXIT } from "./exit-codes.ts";
import { readDocument } from "./read-document.ts";

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
    const { problems } = open.engine.validate(await readDocument(path));
    if (flags.json) process.stdout.write(`${JSON.stringify({ path, problems })}\n`);
    else {
      const count = problems.length === 0 ? "no problems" : `${problems.length} problem(s)`;
      process.stdout.write(
        `${path}: ${count}\n${problems.map((p) => `  ${formatProblem(p)}\n`).join("")}`,
      );
    }
    if (hasErrors(problems)) process.exitCode = EXIT.invalid;
  }
}
