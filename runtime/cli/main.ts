/** Entry of the `umbel` command. */
import { Command, CommanderError } from "commander";
import { isUmbelError, type UmbelError } from "#runtime/errors";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
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
type Add = (program: Command) => void;

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  run: async () => (await import("./run.ts")).addRun,
  serve: async () => (await import("./serve.ts")).addServe,
  worker: async () => (await import("./worker.ts")).addWorker,
  validate: async () => (await import("./validate.ts")).addValidate,
  plan: async () => (await import("./plan.ts")).addPlan,
  inspect: async () => (await import("./inspect.ts")).addInspect,
  mask: async () => (await import("./mask.ts")).addMask,
  convert: async () => (await import("./convert.ts")).addConvert,
  nodes: async () => (await import("./nodes.ts")).addNodes,
  info: async () => (await import("./info.ts")).addInfo,
};

/** The command that is called alone is loaded; for the help, or a name that is none, all of them are. */
async function loadCommands([first = ""]: readonly string[]): Promise<Add[]> {
  if (first === "--version" || first === "-V") return [];
  const called = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  const wanted = called === undefined ? Object.values(COMMANDS) : [called];
  return Promise.all(wanted.map((load) => load()));
}

for (const add of await loadCommands(process.argv.slice(2))) add(program);
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
