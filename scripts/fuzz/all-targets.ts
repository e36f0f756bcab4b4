import { loadFamilies } from "#runtime/engine/models/families";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { modelSeeds } from "./model-seeds.ts";
import { ScratchFolder } from "./scratch-file.ts";
import type { FuzzTarget } from "./target.ts";
import { checkpointTarget } from "./targets/checkpoint.ts";
import { documentTarget } from "./targets/document.ts";
import { ggufTarget } from "./targets/gguf.ts";
import { loraTarget } from "./targets/lora.ts";
import { mediaTarget } from "./targets/media.ts";
import { openGraphTarget } from "./targets/open-graph.ts";
import { shardedIndexTarget } from "./targets/sharded-index.ts";
import { serverTarget } from "./targets/server.ts";
import { tokenizerTarget } from "./targets/tokenizer.ts";

export interface Targets extends AsyncDisposable {
  readonly list: readonly FuzzTarget[];
  readonly device: Device;
}

/** Every target, with one device and one folder for the files of cases. */
export async function openTargets(): Promise<Targets> {
  const families = await loadFamilies();
  const device = openDevice("cpu", { threads: 2 });
  const scratch = new ScratchFolder();
  const seeds = modelSeeds(scratch, families);
  const server = await serverTarget();
  const lora = loraTarget(device, families, scratch, seeds);
  return {
    device,
    list: [
      checkpointTarget(device, families, scratch, seeds),
      shardedIndexTarget(scratch, seeds),
      ggufTarget(device, families, scratch, seeds),
      lora,
      await documentTarget(),
      tokenizerTarget(),
      await mediaTarget(scratch),
      await openGraphTarget(scratch),
      server,
    ],
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      lora[Symbol.dispose]();
      await device.sync();
      scratch[Symbol.dispose]();
    },
  };
}
