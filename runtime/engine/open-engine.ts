/** Settings -> a working engine in this process. */
import { cpus, freemem, totalmem } from "node:os";
import { isUmbelError } from "#runtime/errors";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { DeviceInfo, MemoryReport } from "#runtime/protocol/service-values";
import { CpuDevice } from "#runtime/tensor/cpu-device";
import { CudaDevice, cudaInfo } from "#runtime/tensor/cuda-device";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { Engine } from "./engine.ts";
import { engineFiles } from "./engine-files.ts";
import { loadFamilies } from "./models/families.ts";
import { ModelManager } from "./models/manager.ts";
import { loadNodes, type NodeRegistry } from "./node-registry.ts";
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
  });
  const cache = new ResultCache();
  const engine = new Engine({
    registry,
    device,
    models,
    files: engineFiles(settings),
    cache,
    flops: () => [...device.flops().values()].reduce((sum, flops) => sum + flops, 0),
  });
  return {
    engine,
    device,
    registry,
    describe: () => ({ ...deviceInfo(device), note }),
    memory: () => {
      const held = [
        { name: "models", bytes: models.bytes },
        { name: "results", bytes: cache.bytes },
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
    return { name: device.name, label, totalBytes: memoryBytes, freeBytes };
  }
  const processor = cpus()[0]?.model.trim() ?? "CPU";
  const label = device instanceof CpuDevice ? `${processor} (${device.isa})` : device.name;
  return { name: device.name, label, totalBytes: totalmem(), freeBytes: freemem() };
}
