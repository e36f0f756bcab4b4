/** umbel run GRAPH: runs a graph in this process, or on a server. */
import { rmSync } from "node:fs";
import type { Command } from "commander";
import { NODE_FOLDER } from "#runtime/engine/locations";
import { loadNodes } from "#runtime/engine/node-registry";
import { openEngine } from "#runtime/engine/open-engine";
import { removeUnfinished } from "#runtime/engine/output-files";
import { formatNote, type ImportNote } from "#runtime/graph/comfy/report";
import type { JobEvent } from "#runtime/protocol/events";
import { cancelOnSignal } from "./cancel-on-signal.ts";
import { addEngineOptions, engineSettings, type EngineFlags } from "./engine-options.ts";
import { openDocument } from "#runtime/engine/open-graph";
import { runRemotely } from "./remote-run.ts";
import { findNode, setValues } from "./set-values.ts";
import { terminalReporter } from "./terminal-reporter.ts";

interface Flags extends EngineFlags {
  readonly set: readonly string[];
  readonly input: string;
  readonly out: string;
  readonly target: readonly string[];
  readonly json?: true;
  readonly server?: string;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addRun(program: Command): void {
  const command = program
    .command("run")
    .description("run a graph (JSON, or a video or picture that carries one)")
    .argument("<graph>", "file")
    .option(
      "--set <node.param=value>",
      "change a parameter of a node (its id, title or type); repeatable. A picture or video may be any file here",
      collect,
      [] as readonly string[],
    )
    .option("--input <folder>", "where pictures and videos that the graph names are", "input")
    .option("--out <folder>", "where results go", "output")
    .option(
      "--target <node>",
      "run only what this node needs; repeatable",
      collect,
      [] as readonly string[],
    )
    .option("--server <url>", "run it on a server (umbel serve) and fetch the results")
    .option("--json", "events as JSON, one a line");
  addEngineOptions(command).action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  const settings = engineSettings(flags, flags);
  const removeTemporary = (): void => {
    removeUnfinished();
    rmSync(settings.temporaryFolder, { recursive: true, force: true });
  };
  using reporter = flags.json ? jsonReporter() : terminalReporter();
  using cancellation = cancelOnSignal(() => {
    reporter[Symbol.dispose]();
    removeTemporary();
  });
  try {
    const { descriptions } = await loadNodes([NODE_FOLDER]);
    const opened = await openDocument(path);
    if (!flags.json) reportImport(opened.report);
    const { document, inputFiles } = setValues(opened.document, flags.set, descriptions);
    // Nodes inside of subgraphs go by their path, "outer:inner".
    const targets = flags.target.map((place) =>
      place.includes(":") ? place : findNode(document, place),
    );
    const job = {
      document,
      signal: cancellation.signal,
      emit: (event: JobEvent) => reporter.handle(event),
      ...(flags.target.length === 0 ? {} : { targets }),
    };
    if (flags.server !== undefined) {
      const { outputFolder } = settings;
      await runRemotely({ ...job, server: flags.server, inputFiles, outputFolder });
      return;
    }
    await using open = await openEngine({ ...settings, inputFiles });
    await open.engine.run({ job: "cli", ...job });
  } finally {
    removeTemporary();
  }
}

function reportImport(notes: readonly ImportNote[]): void {
  for (const note of notes) process.stderr.write(`read from ComfyUI, ${formatNote(note)}\n`);
}

function jsonReporter() {
  return {
    handle: (event: JobEvent): void => {
      const line =
        event.type === "node_preview"
          ? { ...event, data: Buffer.from(event.data).toString("base64") }
          : event;
      process.stdout.write(`${JSON.stringify(line)}\n`);
    },
    [Symbol.dispose]: () => undefined,
  };
}
