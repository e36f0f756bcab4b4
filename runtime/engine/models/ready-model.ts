/** A model that can run: its instance over weights that are there, or come when they are asked for. */
import type {
  ClipVisionFamily,
  DiffusionFamily,
  TextEncoderFamily,
  VaeFamily,
} from "#runtime/sdk/model";
import { BlockStore } from "./block-store.ts";
import type { DeviceMemory } from "./device-memory.ts";
import type { AnyFamily } from "./families.ts";
import {
  fittedClipVision,
  fittedDiffusion,
  fittedTextEncoder,
  type FittedParts,
} from "./fitted.ts";
import { fittedVae } from "./fitted-vae.ts";
import type { Resident } from "./residents.ts";
import type { WeightSource } from "./weight-source.ts";
import { sourceStore, type WeightStore } from "./weight-store.ts";

export interface RunningModel extends Resident {
  readonly instance: unknown;
}

/** Over weights that stay once they are realised, on a device that shares the host's memory. */
export function storedModel(family: AnyFamily, config: unknown, store: WeightStore): RunningModel {
  return running(family.create(config, store), store);
}

/** Over the weights of a source, kept as the device allows: `memory` is null where that is the host's. */
export function sourceModel(
  family: AnyFamily,
  config: unknown,
  source: WeightSource,
  memory: DeviceMemory | null,
): RunningModel {
  if (memory === null) return storedModel(family, config, sourceStore(source));
  const store = new BlockStore(source, memory.pool);
  return running(fitted({ family, config, source, store, memory }), store);
}

function running(instance: unknown, store: WeightStore & { hostBytes?: number }): RunningModel {
  return {
    instance,
    get bytes() {
      return store.bytes;
    },
    get hostBytes() {
      return store.hostBytes ?? 0;
    },
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

function fitted(parts: FittedParts<AnyFamily>): unknown {
  switch (parts.family.kind) {
    case "diffusion":
      return fittedDiffusion(parts as FittedParts<DiffusionFamily>);
    case "text-encoder":
      return fittedTextEncoder(parts as FittedParts<TextEncoderFamily>);
    case "vae":
      return fittedVae(parts as FittedParts<VaeFamily>);
    case "clip-vision":
      return fittedClipVision(parts as FittedParts<ClipVisionFamily>);
  }
}
