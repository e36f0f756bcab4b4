/** umbel run GRAPH: runs a graph in this process. */
import { rm } from "node:fs/promises";
import type { Command } from "commander";
import { openEngine } from "#runtime/engine/open-engine";
import type { JobEvent } from "#runtime/protocol/events";
import { cancelOnSignal } from "./cancel-on-signal.ts";
import { addEngineOptions, engineSettings, type EngineFlags } from "./engine-options.ts";
import { readDocument } from "./read-document.ts";
import { setValues } from "./set-values.ts";
import { terminalReporter } from "./terminal-reporter.ts";

interface Flags extends EngineFlags {
  readonly set: readonly string[];
  readonly out: string;
  readonly target: readonly string[];
  readonly json?: true;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addRun(program: Command): void {
  const command = program
    .command("run")
    .description("run a graph (JSON, or a video or picture that carries one)")
    .argument("<graph>", "file")
    .option(
      "--set <node.param=value>",
      "change a parameter; repeatable",
      collect,
      [] as readonly string[],
    )
    .option("--out <folder>", "where results go", "output")
    .option(
      "--target <node>",
      "run only what this node needs; repeatable",
      collect,
      [] as readonly string[],
    )
    .option("--json", "events as JSON, one a line");
  addEngineOptions(command).action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  const settings = engineSettings(flags, flags.out);
  const { signal, stop } = cancelOnSignal();
  const reporter = terminalReporter();
  const emit = flags.json ? writeEvent : (event: JobEvent) => reporter.handle(event);
  try {
    const document = await readDocument(path);
    await using open = await openEngine(settings);
    await open.engine.run({
      job: "cli",
      document: setValues(document, flags.set, open.registry.descriptions),
      signal,
      emit,
      ...(flags.target.length === 0 ? {} : { targets: flags.target }),
    });
  } finally {
    stop();
    await rm(settings.temporaryFolder, { recursive: true, force: true });
  }
}

function writeEvent(event: JobEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
