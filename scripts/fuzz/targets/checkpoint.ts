import { checkComplete } from "#runtime/engine/models/complete";
import { detectModels } from "#runtime/engine/models/detect";
import type { AnyFamily } from "#runtime/engine/models/families";
import { inspectFile } from "#runtime/engine/models/inspect";
import { checkpointSource } from "#runtime/engine/models/weight-source";
import { sourceStore } from "#runtime/engine/models/weight-store";
import { UmbelError } from "#runtime/errors";
import type { Device } from "#runtime/tensor/device";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { mutateSafetensors } from "../mutate-safetensors.ts";
import type { ModelSeed } from "../model-seeds.ts";
import type { ScratchFolder } from "../scratch-file.ts";
import type { FuzzTarget } from "../target.ts";

/** Opens a file, finds its model and reads weights of it on the device. */
export function checkpointTarget(
  device: Device,
  families: readonly AnyFamily[],
  scratch: ScratchFolder,
  seeds: readonly ModelSeed[],
): FuzzTarget {
  const valid = seeds.map(({ bytes }) => bytes);
  return {
    name: "checkpoint",
    share: 7,
    valid,
    mutate: (random) => mutateSafetensors(valid, random),
    run: async (input) => {
      const path = scratch.write("case.safetensors", input);
      inspectFile(path, families);
      using file = openCheckpoint(path);
      const models = detectModels(file, families);
      if (models.length === 0) {
        throw new UmbelError("ERR_UNKNOWN_MODEL", "Expected a model of the seeds, got none.");
      }
      for (const model of models) {
        checkComplete(model);
        const source = checkpointSource(model, device, { scaledType: "f32", matrixType: null });
        using weights = sourceStore(source);
        for (const name of [...model.names.keys()].slice(0, 12)) {
          if (model.specs.has(name)) await weights.get(name).read();
        }
      }
    },
  };
}
