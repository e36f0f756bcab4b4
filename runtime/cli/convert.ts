/** umbel convert GRAPH: between our documents and ComfyUI's forms of a graph. */
import { rename, rm, writeFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import { UmbelError } from "#runtime/errors";
import { formatDocument, type GraphForm } from "#runtime/graph/comfy/format-document";
import { formatNote } from "#runtime/graph/comfy/report";
import { loadNodeFacts } from "#runtime/engine/node-facts";
import { openDocument } from "#runtime/engine/open-graph";

interface Flags {
  readonly to: GraphForm;
  readonly objectInfo: readonly string[];
  readonly out?: string;
}

export function addConvert(program: Command): void {
  program
    .command("convert")
    .description("turn a graph into an Umbel document, a ComfyUI graph or ComfyUI's API format")
    .argument("<graph>", "file: JSON, or a video or picture that carries a graph")
    .addOption(
      new Option("--to <form>", "umbel, graph (ComfyUI's editor) or api (ComfyUI's server)")
        .choices(["umbel", "graph", "api"])
        .makeOptionMandatory(),
    )
    .option(
      "--object-info <file>",
      "descriptions of node classes, as a ComfyUI server gives them at /object_info; repeatable",
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option("--out <file>", "where the result goes (default: standard output)")
    .action(convert);
}

async function convert(path: string, flags: Flags): Promise<void> {
  const facts = await loadNodeFacts(flags.objectInfo);
  const { document, report } = await openDocument(path, () => Promise.resolve(facts));
  for (const note of report) process.stderr.write(`${formatNote(note)}\n`);
  const text = formatDocument(document, flags.to, facts);
  if (flags.out === undefined) process.stdout.write(text);
  else await writeWhole(flags.out, text);
}

/** The file is there whole or not at all. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    throw new UmbelError("ERR_FILE", `Expected to write ${path}, got ${code}.`, { cause });
  }
}
