/** umbel plan GRAPH: what a run would take, without weights. */
import type { Command } from "commander";
import { loadNodes } from "#runtime/engine/node-registry";
import { planDocument, type GraphPlan } from "#runtime/engine/plan-document";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import { gpuMemory } from "#runtime/tensor/devices";
import { cancelOnSignal } from "./cancel-on-signal.ts";
import { addEngineOptions, engineSettings, type EngineFlags } from "./engine-options.ts";
import { formatBytes, formatFlops } from "./format-quantity.ts";
import { readDocument } from "#runtime/engine/open-graph";
import { setValues } from "./set-values.ts";

interface Flags extends EngineFlags {
  readonly set: readonly string[];
  readonly json?: true;
}

export function addPlan(program: Command): void {
  const command = program
    .command("plan")
    .description(
      "say what a graph would take: memory and operations of every stage, without its weights",
    )
    .argument("<graph>", "file")
    .option(
      "--set <node.param=value>",
      "change a parameter; repeatable",
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option("--json", "as JSON");
  addEngineOptions(command).action(plan);
}

async function plan(path: string, flags: Flags): Promise<void> {
  const settings = planSettings(flags);
  using cancellation = cancelOnSignal();
  const { descriptions } = await loadNodes(settings.nodes);
  const { document, inputFiles } = setValues(await readDocument(path), flags.set, descriptions);
  const found = await planDocument(document, { ...settings, inputFiles }, cancellation.signal);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ ...found, assumed: Object.fromEntries(found.assumed) })}\n`
      : text(found),
  );
}

/** A plan for the GPU that a run would take, or for one of `--vram`; else for the CPU. */
function planSettings(flags: EngineFlags): EngineSettings {
  const settings = engineSettings(flags);
  if (flags.device === "cpu" || flags.device === "null") return { ...settings, device: "null" };
  const limit = settings.gpuMemory ?? gpuMemory();
  if (limit !== null) return { ...settings, device: "cuda", gpuMemory: limit };
  return { ...settings, device: flags.device === "cuda" ? "cuda" : "null" };
}

function text(plan: GraphPlan): string {
  const stages = plan.stages.filter((stage) => (stage.flops ?? 0) > 0);
  const width = Math.max(5, ...stages.map((stage) => stage.title.length));
  const row = (name: string, memory: string, work: string): string =>
    `${name.padEnd(width)}  ${memory.padStart(11)}  ${work.padStart(14)}\n`;
  let out = row("stage", "peak memory", "operations");
  for (const stage of stages)
    out += row(stage.title, formatBytes(stage.peakBytes), formatFlops(stage.flops ?? 0));
  out += row("all", formatBytes(plan.peakBytes), formatFlops(plan.flops));
  if (plan.denseAttentionFlops > plan.attentionFlops) {
    const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
    out +=
      `\nAttention takes ${share(plan.attentionFlops, plan.denseAttentionFlops)} of the operations of dense attention; ` +
      `the whole graph ${share(plan.flops, plan.denseFlops)} (${formatFlops(plan.denseFlops - plan.flops)} less).\n`;
  }
  if (plan.budgetBytes !== null)
    out += `\nMemory is that of a GPU with ${formatBytes(plan.budgetBytes)} to use.\n`;
  for (const note of new Set(plan.stages.flatMap((stage) => stage.notes ?? []))) out += `${note}\n`;
  for (const [file, title] of plan.assumed)
    out += `${file} is not there: planned as ${title}, weights in bfloat16.\n`;
  return out;
}
