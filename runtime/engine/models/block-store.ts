/**
 * Weights on a device with memory of its own: as many blocks stay there as it has room for, the others are streamed. A
 * model asks for weights by name as always and does not notice, as long as it is done with one block's weights when it
 * asks for those of the next.
 */
import type { WeightPreparation } from "#runtime/sdk/model";
import { keep, scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { BlockSlots } from "./block-slots.ts";
import type { HostPool } from "./host-pool.ts";
import { leastBytes, placeBlocks, type Placement } from "./placement.ts";
import { blockKey, weightBlocks, type WeightBlock } from "./weight-blocks.ts";
import { weightBytes, type WeightSource } from "./weight-source.ts";
import { sourceStore, type SourceStore, type WeightStore } from "./weight-store.ts";

export class BlockStore implements WeightStore {
  readonly #source: WeightSource;
  readonly #resident: SourceStore;
  readonly #slots: BlockSlots;
  readonly #blocks: readonly WeightBlock[];
  readonly #index: ReadonlyMap<string, number>;
  readonly #fixedBytes: number;
  readonly #loadBytes: number;
  /** Prepared weights of the streamed block that is used now. */
  readonly #prepared = new Map<string, Tensor>();
  #current = -1;
  #placement: Placement;

  constructor(source: WeightSource, pool: HostPool) {
    this.#source = source;
    this.#resident = sourceStore(source);
    this.#slots = new BlockSlots(source, pool);
    const layouts = [...source.names()].map((name) => [name, source.layout(name)] as const);
    this.#blocks = weightBlocks(layouts);
    this.#index = new Map(this.#blocks.map(({ key }, i) => [key, i]));
    this.#fixedBytes = layouts
      .filter(([name]) => !this.#index.has(blockKey(name) ?? ""))
      .reduce((sum, [, layout]) => sum + weightBytes(layout), 0);
    // A weight of a block is realised beside its slot.
    const extra = layouts.map(
      ([name, layout]) =>
        source.loadBytes(name) + (this.#index.has(blockKey(name) ?? "") ? weightBytes(layout) : 0),
    );
    this.#loadBytes = Math.max(0, ...extra);
    const all = placeBlocks(this.#fixedBytes, this.#sizes(), Infinity);
    this.#placement = all ?? { streamed: [], slots: 0, slotBytes: 0, deviceBytes: 0 };
  }

  get device() {
    return this.#source.device;
  }
  /** Bytes on the device now. */
  get bytes(): number {
    return this.#resident.bytes + this.#slots.bytes;
  }
  /** Bytes of pinned host memory. */
  get hostBytes(): number {
    return this.#slots.hostBytes;
  }
  /** Bytes that it takes on the device when every block stays, and at least. */
  get wholeBytes(): number {
    return this.#sizes().reduce((sum, bytes) => sum + bytes, this.#fixedBytes);
  }
  get leastBytes(): number {
    return leastBytes(this.#fixedBytes, this.#sizes());
  }
  /** Bytes of the blocks that are streamed. */
  get streamedBytes(): number {
    return this.#sizes().reduce(
      (sum, bytes, i) => (this.#placement.streamed[i] === true ? sum + bytes : sum),
      0,
    );
  }
  /** Bytes that realising a weight takes for a moment, beside those that stay. */
  get loadBytes(): number {
    return this.#loadBytes;
  }
  get placement(): Placement {
    return this.#placement;
  }

  has(name: string): boolean {
    return this.#source.has(name);
  }

  get(name: string, preparation?: WeightPreparation): Tensor {
    const index = this.#index.get(blockKey(name) ?? "");
    const block = index === undefined ? undefined : this.#blocks[index];
    if (index === undefined || block === undefined) return this.#resident.get(name, preparation);
    this.#enter(index);
    if (this.#placement.streamed[index] !== true) return this.#resident.get(name, preparation);
    const weight = this.#slots.get(block, name);
    const packed = this.#source.packed?.(name) ?? null;
    if (packed !== null) {
      return scope(() => {
        const unpacked = packed.unpack(weight);
        return preparation === undefined ? unpacked : preparation.apply(unpacked);
      });
    }
    return preparation === undefined ? weight : this.#prepare(name, weight, preparation);
  }

  /**
   * Decides anew what stays within `available` bytes of the device. False, and nothing changes, where not even the
   * streamed form fits. Between forward passes only.
   */
  place(available: number): boolean {
    const placement = placeBlocks(this.#fixedBytes, this.#sizes(), available);
    if (placement === null) return false;
    this.#leave();
    this.#placement = placement;
    for (const [i, { entries }] of this.#blocks.entries()) {
      if (placement.streamed[i] === true) this.#resident.forget(entries.map(({ name }) => name));
    }
    this.#slots.arrange(this.#blocks, placement.streamed, placement);
    return true;
  }

  [Symbol.dispose](): void {
    this.#leave();
    this.#resident[Symbol.dispose]();
    this.#slots[Symbol.dispose]();
  }

  #sizes(): readonly number[] {
    return this.#blocks.map(({ bytes }) => bytes);
  }

  #enter(index: number): void {
    if (index === this.#current) return;
    this.#leave();
    this.#slots.enter(index);
    this.#current = index;
  }

  #leave(): void {
    for (const tensor of this.#prepared.values()) tensor[Symbol.dispose]();
    this.#prepared.clear();
    this.#current = -1;
  }

  #prepare(name: string, weight: Tensor, preparation: WeightPreparation): Tensor {
    const id = `${name}\0${preparation.key}`;
    const known = this.#prepared.get(id);
    if (known !== undefined) return known;
    const prepared = keep(scope(() => preparation.apply(weight)));
    this.#prepared.set(id, prepared);
    return prepared;
  }
}
