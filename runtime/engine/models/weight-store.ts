import type { WeightPreparation, Weights } from "#runtime/sdk/model";
import { keep, scope } from "#runtime/tensor/scope";
import type { DType, Tensor } from "#runtime/tensor/tensor";
import { mergePatches, patchesOf, type LoraUse } from "#runtime/weights/lora-merge";
import type { PackedTensor, WeightSource } from "./weight-source.ts";

/** Weights that were realised stay until `dispose`. */
export interface WeightStore extends Weights, Disposable {
  /** Memory that its own tensors take, without what is mapped. */
  readonly bytes: number;
}

/**
 * Weights as they come from a source, each realised when it is first asked for. Those that the source keeps packed are
 * unpacked each time, into the scope of whoever asks: no more of them exist at once than are in use.
 */
export function sourceStore(source: WeightSource): WeightStore {
  const kept = new KeptTensors();
  return {
    device: source.device,
    has: (name) => source.has(name),
    get: (name, preparation) => {
      const packed = source.packed?.(name) ?? null;
      if (packed !== null) return unpacked(kept, name, packed, preparation);
      const key = keyOf(name, preparation);
      return (
        kept.get(key) ??
        kept.add(key, () => {
          // A weight that is only ever used prepared is not kept in its first form as well.
          const first = kept.get(name);
          const { tensor, mapped } =
            first === undefined ? source.realise(name) : { tensor: first, mapped: false };
          if (preparation === undefined) return { tensor, mapped };
          return { tensor: preparation.apply(tensor), mapped: false };
        })
      );
    },
    get bytes() {
      return kept.bytes;
    },
    [Symbol.dispose]: () => kept.dispose(),
  };
}

/**
 * A store seen through LoRAs: weights that they change are merged when first asked for and kept here in `dtype`; the
 * others come from the base, so that nothing exists twice.
 */
export function patchedStore(
  base: Weights,
  source: WeightSource,
  uses: readonly LoraUse[],
  dtype: (name: string) => DType,
): WeightStore {
  const kept = new KeptTensors();
  return {
    device: base.device,
    has: (name) => base.has(name),
    get: (name, preparation) => {
      const patches = patchesOf(uses, name);
      if (patches.length === 0) return base.get(name, preparation);
      if ((source.packed?.(name) ?? null) !== null) {
        return scope(() =>
          prepared(mergePatches(base.get(name), patches, dtype(name)), preparation),
        );
      }
      const key = keyOf(name, preparation);
      return (
        kept.get(key) ??
        kept.add(key, () => {
          const merged =
            kept.get(name) ?? mergePatches(source.realise(name).tensor, patches, dtype(name));
          return {
            tensor: preparation === undefined ? merged : preparation.apply(merged),
            mapped: false,
          };
        })
      );
    },
    get bytes() {
      return kept.bytes;
    },
    [Symbol.dispose]: () => kept.dispose(),
  };
}

function unpacked(
  kept: KeptTensors,
  name: string,
  packed: PackedTensor,
  preparation: WeightPreparation | undefined,
): Tensor {
  const stored = kept.get(name) ?? kept.add(name, () => packed.stored());
  return scope(() => prepared(packed.unpack(stored), preparation));
}

function prepared(weight: Tensor, preparation: WeightPreparation | undefined): Tensor {
  return preparation === undefined ? weight : preparation.apply(weight);
}

function keyOf(name: string, preparation: WeightPreparation | undefined): string {
  return preparation === undefined ? name : `${name}\0${preparation.key}`;
}

class KeptTensors {
  readonly #tensors = new Map<string, Tensor>();
  bytes = 0;

  get(key: string): Tensor | undefined {
    const tensor = this.#tensors.get(key);
    if (tensor?.failed !== true) return tensor;
    // The job that realised it was interrupted or failed: it has to be made again.
    this.#forget(key, tensor);
    return undefined;
  }

  add(key: string, make: () => { tensor: Tensor; mapped: boolean }): Tensor {
    const { tensor, mapped } = scope(make);
    keep(tensor);
    this.#tensors.set(key, tensor);
    if (!mapped) this.bytes += tensor.bytes;
    return tensor;
  }

  #forget(key: string, tensor: Tensor): void {
    this.#tensors.delete(key);
    this.bytes -= tensor.bytes;
    tensor[Symbol.dispose]();
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor[Symbol.dispose]();
    this.#tensors.clear();
    this.bytes = 0;
  }
}
