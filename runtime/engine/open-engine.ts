/** Settings -> a working engine in this process. */
import { cpus, freemem, totalmem } from "node:os";
import { isUmbelError, toUmbelError } from "#runtime/errors";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { DeviceInfo, MemoryReport } from "#runtime/protocol/service-values";
import { CpuDevice } from "#runtime/tensor/cpu-device";
import { CudaDevice, cudaInfo } from "#runtime/tensor/cuda-device";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { Engine, type EngineParts } from "./engine.ts";
import { engineFiles } from "./engine-files.ts";
import { loadFamilies } from "./models/families.ts";
import { ModelManager } from "./models/manager.ts";
import { loadNodes, type NodeRegistry } from "./node-registry.ts";
import { planMemory } from "./plan-document.ts";
import { ResultCache } from "./result-cache.ts";

export interface OpenEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly device: Device;
  readonly registry: NodeRegistry;
  describe(): DeviceInfo;
  /** What models and results hold. */
  memory(): MemoryReport;
  /** Gives up results of earlier jobs. */
  freeResults(): void;
  /** Gives up all models; not while a job runs. */
  freeModels(): void;
}

/** Throws ERR_DEVICE for a device that is not there, ERR_NODE for node files that are none. */
export async function openEngine(settings: EngineSettings): Promise<OpenEngine> {
  const registry = await loadNodes(settings.nodes);
  const { device, note } = chooseDevice(settings);
  const models = new ModelManager({
    device,
    families: await loadFamilies(),
    ...(settings.memoryBudget === undefined ? {} : { budget: settings.memoryBudget }),
    ...(settings.pinnedMemory === undefined ? {} : { pinnedLimit: settings.pinnedMemory }),
  });
  const cache = new ResultCache();
  const describe = (): DeviceInfo => ({ ...deviceInfo(device), note });
  const engine = new Engine({
    registry,
    device,
    models,
    files: engineFiles(settings),
    cache,
    notes: () => models.takeNotes(),
    describe,
    ...(device instanceof CudaDevice ? { plan: planOn(device, settings) } : {}),
    flops: () => [...device.flops().values()].reduce((sum, flops) => sum + flops, 0),
  });
  return {
    engine,
    device,
    registry,
    describe,
    memory: () => {
      const held = [
        { name: "models", bytes: models.bytes },
        { name: "results", bytes: cache.bytes },
        ...(models.pinnedBytes === 0 ? [] : [{ name: "pinned", bytes: models.pinnedBytes }]),
      ];
      const usedBytes = device.memory().allocatedBytes + cache.bytes;
      return { usedBytes, totalBytes: totalmem(), held };
    },
    freeResults: () => cache.clear(),
    freeModels: () => models.release(),
    async [Symbol.asyncDispose]() {
      models.release();
      await device.sync();
    },
  };
}

/** Says before a job what it takes of the GPU. */
function planOn(device: CudaDevice, settings: EngineSettings): NonNullable<EngineParts["plan"]> {
  const { memoryLimit: gpuMemory, compute: precision } = device;
  return async ({ document, signal, targets }) => {
    try {
      return await planMemory(document, { ...settings, gpuMemory, precision }, signal, targets);
    } catch (error) {
      const { code } = toUmbelError(error);
      if (code === "ERR_OUT_OF_MEMORY" || code === "ERR_INTERRUPTED") throw error;
      // A node that needs real values cannot be planned; what else is wrong, the run says.
      return null;
    }
  };
}

function chooseDevice(settings: EngineSettings): { device: Device; note: string | null } {
  const options = {
    ...(settings.threads === undefined ? {} : { threads: settings.threads }),
    ...(settings.precision === undefined ? {} : { precision: settings.precision }),
  };
  const gpu = {
    ...options,
    ...(settings.gpuMemory === undefined ? {} : { memoryLimit: settings.gpuMemory }),
  };
  if (settings.device !== "auto" && settings.device !== "cuda") {
    return { device: openDevice(settings.device, options), note: null };
  }
  if (settings.device === "cuda") return { device: openDevice("cuda", gpu), note: pathNote() };
  try {
    return { device: openDevice("cuda", gpu), note: pathNote() };
  } catch (error) {
    if (!isUmbelError(error)) throw error;
    return { device: openDevice("cpu", options), note: error.message };
  }
}

/** Why our own kernels multiply matrices instead of cuBLASLt, or null. */
function pathNote(): string | null {
  const { matrixLibrary } = cudaInfo();
  return matrixLibrary.startsWith("own") ? `Matrix products use ${matrixLibrary}.` : null;
}

function deviceInfo(device: Device): Omit<DeviceInfo, "note"> {
  if (device instanceof CudaDevice) {
    const { name, memoryBytes, freeBytes, matrixLibrary } = cudaInfo();
    const label = `${name} (${device.isa} kernels, ${matrixLibrary}, ${device.compute})`;
    const budgetBytes = device.memoryLimit;
    const path = { kernels: device.isa, precision: device.compute, budgetBytes };
    return { name: device.name, label, totalBytes: memoryBytes, freeBytes, ...path };
  }
  const processor = cpus()[0]?.model.trim() ?? "CPU";
  const host = { name: device.name, totalBytes: totalmem(), freeBytes: freemem() };
  if (!(device instanceof CpuDevice)) return { ...host, label: device.name };
  const path = { kernels: device.isa, precision: device.compute };
  return { ...host, label: `${processor} (${device.isa})`, ...path };
}
