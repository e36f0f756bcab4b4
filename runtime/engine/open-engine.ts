/** Settings -> a working engine in this process. */
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { Engine } from "./engine.ts";
import { engineFiles } from "./engine-files.ts";
import { loadFamilies } from "./models/families.ts";
import { ModelManager } from "./models/manager.ts";
import { loadNodes, type NodeRegistry } from "./node-registry.ts";

export interface OpenEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly device: Device;
  readonly registry: NodeRegistry;
}

export async function openEngine(settings: EngineSettings): Promise<OpenEngine> {
  const registry = await loadNodes(settings.nodes);
  const device = openDevice(settings.device, {
    ...(settings.threads === undefined ? {} : { threads: settings.threads }),
    ...(settings.precision === undefined ? {} : { precision: settings.precision }),
  });
  const models = new ModelManager({ device, families: await loadFamilies() });
  const engine = new Engine({ registry, device, models, files: engineFiles(settings) });
  return {
    engine,
    device,
    registry,
    async [Symbol.asyncDispose]() {
      models.release();
      await device.sync();
    },
  };
}
