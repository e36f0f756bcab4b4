import type { WeightPreparation, Weights } from "#runtime/sdk/model";
import { weightOfScales } from "#runtime/tensor/scaled-weight";
import { keep, scope } from "#runtime/tensor/scope";
import type { DType, Tensor } from "#runtime/tensor/tensor";
import { mergePatches, patchesOf, type LoraUse } from "#runtime/weights/lora-merge";
import type { QuantizedSource } from "./quantized-source.ts";
import type { PackedTensor, WeightSource } from "./weight-source.ts";

/** Weights that were realised stay until `dispose`. */
export interface WeightStore extends Weights, Disposable {
  /** Memory that its own tensors take, without what is mapped. */
  readonly bytes: number;
}

export interface SourceStore extends WeightStore {
  /** Gives weights up, in every form that was asked for. They are realised again when they are wanted again. */
  forget(names: readonly string[]): void;
}

/**
 * Weights as they come from a source, each realised when it is first asked for. Those that the source keeps packed are
 * unpacked each time, into the scope of whoever asks: no more of them exist at once than are in use.
 */
export function sourceStore(source: WeightSource): SourceStore {
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
    forget: (names) => kept.forget(new Set(names)),
    get bytes() {
      return kept.bytes;
    },
    [Symbol.dispose]: () => kept.dispose(),
  };
}

/**
 * A store seen through LoRAs: weights that they change are merged when first asked for and kept here in `dtype`, or as
 * `quantized` gives them; the others come from the base, so that nothing exists twice.
 */
export function patchedStore(
  base: Weights,
  source: WeightSource,
  uses: readonly LoraUse[],
  dtype: (name: string) => DType,
  quantized: QuantizedSource | null = null,
): WeightStore {
  const kept = new KeptTensors();
  return {
    device: base.device,
    has: (name) => base.has(name),
    get: (name, preparation) => {
      const patches = patchesOf(uses, weightOfScales(name) ?? name);
      if (patches.length === 0) return base.get(name, preparation);
      if (quantized?.isQuantized(name) === true) {
        return kept.get(name) ?? kept.add(name, () => quantized.realise(name));
      }
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
  readonly #kept = new Map<string, { readonly tensor: Tensor; readonly bytes: number }>();
  bytes = 0;

  get(key: string): Tensor | undefined {
    const tensor = this.#kept.get(key)?.tensor;
    if (tensor?.failed !== true) return tensor;
    // The job that realised it was interrupted or failed: it has to be made again.
    this.#forget(key);
    return undefined;
  }

  add(key: string, make: () => { tensor: Tensor; mapped: boolean }): Tensor {
    const { tensor, mapped } = scope(make);
    keep(tensor);
    const bytes = mapped ? 0 : tensor.bytes;
    this.#kept.set(key, { tensor, bytes });
    this.bytes += bytes;
    return tensor;
  }

  forget(names: ReadonlySet<string>): void {
    for (const key of this.#kept.keys()) {
      if (names.has(key.split("\0", 1)[0] ?? "")) this.#forget(key);
    }
  }

  dispose(): void {
    for (const key of this.#kept.keys()) this.#forget(key);
  }

  #forget(key: string): void {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    this.bytes -= kept?.bytes ?? 0;
    kept?.tensor[Symbol.dispose]();
  }
}
