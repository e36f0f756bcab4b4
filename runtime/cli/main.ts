/** Entry of the `umbel` command. */
import { Command, CommanderError } from "commander";
import { isUmbelError, type UmbelError } from "#runtime/errors";
import { addConvert } from "./convert.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { addInfo } from "./info.ts";
import { addInspect } from "./inspect.ts";
import { addMask } from "./mask.ts";
import { addNodes } from "./nodes.ts";
import { addPlan } from "./plan.ts";
import { addRun } from "./run.ts";
import { addServe } from "./serve.ts";
import { addWorker } from "./worker.ts";
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
for (const add of [
  addRun,
  addServe,
  addWorker,
  addValidate,
  addPlan,
  addInspect,
  addMask,
  addConvert,
  addNodes,
  addInfo,
])
  add(program);
for (const command of program.commands) command.exitOverride();

// A reader that has seen enough (`umbel nodes | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    const text = isUmbelError(error)
      ? `${place(error)}${error.message} [${error.code}]`
      : String((error as Error).stack ?? error);
    process.stderr.write(`umbel: ${text}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

function place({ nodeId }: UmbelError): string {
  return nodeId === undefined ? "" : `at node "${nodeId}": `;
}
