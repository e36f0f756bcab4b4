/**
 * The slots on a device through which blocks of weights are streamed. Each streamed block is realised once (read, LoRAs
 * merged, cast) and kept in pinned host memory as far as the pool has room; from there copies run on the device's copy
 * stream while it computes with the blocks before. A block without pinned memory is realised anew each time.
 */
import { contiguousStrides, dtypeSize } from "#runtime/tensor/layout";
import { keep, scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import type { HostPool } from "./host-pool.ts";
import type { WeightBlock } from "./weight-blocks.ts";
import { keptForm, type WeightSource } from "./weight-source.ts";

interface Slot {
  buffer: Tensor | null;
  block: WeightBlock | null;
  /** Views of the buffer, by name of the weight: none is valid any more once another block comes. */
  readonly views: Map<string, Tensor>;
}

export class BlockSlots implements Disposable {
  readonly #source: WeightSource;
  readonly #pool: HostPool;
  readonly #onHost = new Map<WeightBlock, Tensor>();
  #blocks: readonly WeightBlock[] = [];
  #streamed: readonly boolean[] = [];
  #slots: Slot[] = [];
  #slotBytes = 0;

  constructor(source: WeightSource, pool: HostPool) {
    this.#source = source;
    this.#pool = pool;
  }

  /** Bytes of the slots that exist. */
  get bytes(): number {
    return this.#slots.reduce((sum, { buffer }) => sum + (buffer?.bytes ?? 0), 0);
  }
  get hostBytes(): number {
    let sum = 0;
    for (const tensor of this.#onHost.values()) sum += tensor.bytes;
    return sum;
  }

  /** Sets which blocks are streamed, through how many slots. What does not change is kept. */
  arrange(
    blocks: readonly WeightBlock[],
    streamed: readonly boolean[],
    { slots, slotBytes }: { readonly slots: number; readonly slotBytes: number },
  ): void {
    if (slots !== this.#slots.length || slotBytes !== this.#slotBytes) {
      this.#freeSlots();
      this.#slotBytes = slotBytes;
      this.#slots = Array.from({ length: slots }, () => ({
        buffer: null,
        block: null,
        views: new Map(),
      }));
    }
    this.#blocks = blocks;
    this.#streamed = streamed;
    for (const block of this.#onHost.keys()) {
      if (streamed[blocks.indexOf(block)] !== true) this.#forgetHost(block);
    }
  }

  /**
   * Says that weights of a block (streamed or not) are used next, after which nothing reads those of the blocks before
   * it: streamed blocks that follow begin to arrive.
   */
  enter(index: number): void {
    const wanted = this.#wantedFrom(index);
    for (const block of wanted) {
      if (this.#slots.some((slot) => slot.block === block && slot.buffer?.failed === false))
        continue;
      const slot = this.#slots.find(({ block: held }) => held === null || !wanted.includes(held));
      const own = this.#slots.find(({ block: held }) => held === block);
      const target = own ?? slot;
      if (target !== undefined) this.#load(block, target);
    }
  }

  /** A weight of a streamed block that was entered; valid until another block takes its slot. */
  get(block: WeightBlock, name: string): Tensor {
    const slot = this.#slots.find(({ block: held }) => held === block);
    const view = slot?.views.get(name);
    if (view === undefined) throw new Error(`Expected ${name} in a slot. Enter its block first.`);
    return view;
  }

  [Symbol.dispose](): void {
    this.#freeSlots();
    this.#slots = [];
    for (const block of this.#onHost.keys()) this.#forgetHost(block);
  }

  /** The streamed blocks from an index on, as many as there are slots; after the last comes the first again. */
  #wantedFrom(index: number): WeightBlock[] {
    const wanted: WeightBlock[] = [];
    for (let i = 0; i < this.#blocks.length && wanted.length < this.#slots.length; i++) {
      const at = (index + i) % this.#blocks.length;
      const block = this.#blocks[at];
      if (this.#streamed[at] === true && block !== undefined) wanted.push(block);
    }
    return wanted;
  }

  #load(block: WeightBlock, slot: Slot): void {
    empty(slot);
    if (slot.buffer?.failed === true) free(slot);
    const { device } = this.#source;
    const buffer = (slot.buffer ??= keep(device.empty([this.#slotBytes], "u8")));
    scope(() => {
      const filled = buffer.slice(0, 0, block.bytes);
      const known = this.#hostOf(block);
      if (known !== null) {
        device.transfer(known, filled);
        return;
      }
      this.#realise(block, buffer);
      const onHost = this.#reserveHost(block);
      if (onHost !== null) device.transfer(filled, onHost);
    });
    for (const { name, ...layout } of block.entries) {
      slot.views.set(name, keep(viewOf(buffer, layout)));
    }
    slot.block = block;
  }

  #realise(block: WeightBlock, buffer: Tensor): void {
    for (const { name, ...layout } of block.entries) {
      scope(() => {
        const { tensor } = keptForm(this.#source, name);
        this.#source.device.run("copy", [tensor], [], [viewOf(buffer, layout)]);
      });
    }
  }

  #hostOf(block: WeightBlock): Tensor | null {
    const known = this.#onHost.get(block);
    if (known?.failed !== true) return known ?? null;
    // The job that wrote it was interrupted or failed: it has to be made again.
    this.#forgetHost(block);
    return null;
  }

  #reserveHost(block: WeightBlock): Tensor | null {
    if (!this.#pool.take(block.bytes)) return null;
    try {
      const tensor = keep(this.#source.device.emptyOnHost([block.bytes], "u8"));
      this.#onHost.set(block, tensor);
      return tensor;
    } catch (error) {
      this.#pool.give(block.bytes);
      throw error;
    }
  }

  #forgetHost(block: WeightBlock): void {
    this.#onHost.get(block)?.[Symbol.dispose]();
    this.#onHost.delete(block);
    this.#pool.give(block.bytes);
  }

  #freeSlots(): void {
    for (const slot of this.#slots) free(slot);
  }
}

function empty(slot: Slot): void {
  for (const view of slot.views.values()) view[Symbol.dispose]();
  slot.views.clear();
  slot.block = null;
}

function free(slot: Slot): void {
  empty(slot);
  slot.buffer?.[Symbol.dispose]();
  slot.buffer = null;
}

function viewOf(
  buffer: Tensor,
  { shape, dtype, byteOffset }: Omit<WeightBlock["entries"][number], "name">,
): Tensor {
  const offset = byteOffset / dtypeSize(dtype);
  return buffer.device.view(buffer, shape, contiguousStrides(shape), offset, dtype);
}
