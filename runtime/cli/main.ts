/** Entry of the `umbel` command. */
import { Command, CommanderError } from "commander";
import { isUmbelError } from "#runtime/errors";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { addInfo } from "./info.ts";
import { addMask } from "./mask.ts";
import { addNodes } from "./nodes.ts";
import { addPlan } from "./plan.ts";
import { addRun } from "./run.ts";
import { addValidate } from "./validate.ts";
import { packageVersion } from "./version.ts";

const program = new Command("umbel")
  .description("Build and run video diffusion graphs")
  .version(packageVersion())
  .exitOverride()
  .showHelpAfterError()
  .addHelpText(
    "after",
    `\nExit codes: ${Object.entries(EXIT)
      .map(([name, code]) => `${code} ${name}`)
      .join(", ")}`,
  );
for (const add of [addRun, addValidate, addPlan, addMask, addNodes, addInfo]) add(program);
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    const text = isUmbelError(error)
      ? `${error.message} [${error.code}]`
      : String((error as Error).stack ?? error);
    process.stderr.write(`umbel: ${text}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
