/** What a graph would take, from the null device: memory and operations of every stage, without weights or results. */
import { join } from "node:path";
import type { GraphDocument } from "#runtime/graph/document";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { NodeReport } from "#runtime/protocol/events";
import { DENSE } from "#runtime/sdk/attention-settings";
import type { NodeDefinition } from "#runtime/sdk/node";
import { NullDevice } from "#runtime/tensor/null-device";
import { Engine, type MemoryPlan } from "./engine.ts";
import { engineFiles } from "./engine-files.ts";
import type { EngineFiles } from "./files.ts";
import { PLANNING_TEXT_ENCODER } from "./locations.ts";
import { loadFamilies } from "./models/families.ts";
import { PlannedModels } from "./models/planned-models.ts";
import { loadNodes, type NodeRegistry } from "./node-registry.ts";

export interface GraphPlan {
  readonly stages: readonly NodeReport[];
  readonly peakBytes: number;
  /** Bytes of a GPU that the plan keeps to; null where it counts what a run would take of the host's. */
  readonly budgetBytes: number | null;
  readonly flops: number;
  /** The same graph with dense attention everywhere. */
  readonly denseFlops: number;
  /** Operations of sparse attention, and of attention in all. */
  readonly attentionFlops: number;
  readonly denseAttentionFlops: number;
  /** Files that are not there, and which published model they were taken for. */
  readonly assumed: ReadonlyMap<string, string>;
}

interface Counted {
  readonly stages: readonly NodeReport[];
  readonly peakBytes: number;
  readonly byOp: ReadonlyMap<string, number>;
  readonly assumed: ReadonlyMap<string, string>;
}

/**
 * Throws what a run would throw, but for missing model files. Memory is that of a GPU where the settings name one or its
 * budget (`gpuMemory`), which the plan then keeps to as a run would.
 */
export async function planDocument(
  document: GraphDocument,
  settings: EngineSettings,
  signal: AbortSignal,
  targets?: readonly string[],
): Promise<GraphPlan> {
  const registry = withoutEffects(await loadNodes(settings.nodes));
  const wanted: Wanted = { document, settings, registry, signal, targets };
  const asIs = await count(wanted, false);
  const dense = await count(wanted, true);
  return {
    stages: asIs.stages,
    peakBytes: asIs.peakBytes,
    budgetBytes: settings.gpuMemory ?? null,
    flops: sum(asIs.byOp),
    denseFlops: sum(dense.byOp),
    attentionFlops: attention(asIs.byOp),
    denseAttentionFlops: attention(dense.byOp),
    assumed: asIs.assumed,
  };
}

/** What a run takes of the GPU whose budget the settings name, without operations. Throws as `planDocument`. */
export async function planMemory(
  document: GraphDocument,
  settings: EngineSettings & { readonly gpuMemory: number },
  signal: AbortSignal,
  targets?: readonly string[],
): Promise<MemoryPlan> {
  const registry = withoutEffects(await loadNodes(settings.nodes));
  const { stages, peakBytes } = await count(
    { document, settings, registry, signal, targets },
    false,
  );
  return { stages, peakBytes, budgetBytes: settings.gpuMemory };
}

interface Wanted {
  readonly document: GraphDocument;
  readonly settings: EngineSettings;
  readonly registry: NodeRegistry;
  readonly signal: AbortSignal;
  readonly targets: readonly string[] | undefined;
}

async function count(
  { document, settings, registry, signal, targets }: Wanted,
  dense: boolean,
): Promise<Counted> {
  const { gpuMemory, precision, pinnedMemory } = settings;
  const onGpu = settings.device === "cuda" || gpuMemory !== undefined;
  const device = new NullDevice({
    like: onGpu ? "cuda" : "cpu",
    ...(onGpu && precision !== undefined ? { precision } : {}),
  });
  using models = new PlannedModels({
    device,
    families: await loadFamilies(),
    tokenizerFrom: PLANNING_TEXT_ENCODER,
    ...(onGpu ? { deviceLimit: gpuMemory ?? Infinity } : {}),
    ...(pinnedMemory === undefined ? {} : { pinnedLimit: pinnedMemory }),
    ...(dense ? { attention: DENSE } : {}),
  });
  const engine = new Engine({
    registry,
    device,
    models,
    files: planningFiles(engineFiles(settings)),
    flops: () => sum(device.flops()),
    notes: () => models.takeNotes(),
    checkFiles: false,
  });
  const { nodes, peakBytes } = await engine.run({
    job: "plan",
    document,
    signal,
    emit: () => undefined,
    ...(targets === undefined ? {} : { targets }),
  });
  return { stages: nodes, peakBytes, byOp: device.flops(), assumed: models.assumed };
}

/** Nodes that save or show take part, but do nothing. */
function withoutEffects(registry: NodeRegistry): NodeRegistry {
  const idle = (definition: NodeDefinition): NodeDefinition => ({
    ...definition,
    run: () =>
      Object.fromEntries(Object.keys(definition.outputs).map((name) => [name, null])) as never,
  });
  return {
    descriptions: registry.descriptions,
    get: (type) => {
      const definition = registry.get(type);
      return definition?.output === true ? idle(definition) : definition;
    },
  };
}

/** A model that is not there keeps its name; PlannedModels takes it from there. */
function planningFiles(files: EngineFiles): EngineFiles {
  return {
    ...files,
    modelPath(folder, name) {
      try {
        return files.modelPath(folder, name);
      } catch {
        return join("missing", folder, name);
      }
    },
  };
}

function attention(byOp: ReadonlyMap<string, number>): number {
  return (byOp.get("attention") ?? 0) + (byOp.get("block_sparse_attention") ?? 0);
}

function sum(byOp: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const flops of byOp.values()) total += flops;
  return total;
}
