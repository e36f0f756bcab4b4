import { describe, expect, test } from "vitest";
import { BlockStore } from "#runtime/engine/models/block-store";
import { HostPool } from "#runtime/engine/models/host-pool";
import type { WeightSource } from "#runtime/engine/models/weight-source";
import type { Device, OpInput } from "#runtime/tensor/device";
import { NullDevice } from "#runtime/tensor/null-device";
import { affine, conv3d } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import {
  checkLiveTensorsAtEnd,
  expectNoLiveTensors,
  testDevice,
} from "../../../helpers/tensors.ts";

checkLiveTensorsAtEnd();

const BLOCKS = 6;
/** Bytes of a block's place: two weights, each aligned to 256 bytes. */
const BLOCK = 512;
const FIXED = 16;

/** blocks.i.w holds i, blocks.i.b holds 10 i; realising counts. */
function countedSource(device: Device): WeightSource & { readonly realised: string[] } {
  const realised: string[] = [];
  const names = [
    "head.weight",
    ...Array.from({ length: BLOCKS }, (_, i) => [`blocks.${i}.w`, `blocks.${i}.b`]).flat(),
  ];
  const valueOf = (name: string) => {
    const [, block, part] = /^blocks\.(\d)\.(.)$/.exec(name) ?? [];
    return block === undefined ? 99 : part === "w" ? Number(block) : 10 * Number(block);
  };
  return {
    realised,
    device,
    has: (name) => names.includes(name),
    names: () => names,
    layout: () => ({ shape: [4], dtype: "f32" }) as const,
    loadBytes: () => 0,
    realise(name) {
      realised.push(name);
      const tensor = device.tensor(new Float32Array(4).fill(valueOf(name)), [4]);
      return { tensor, mapped: false };
    },
  };
}

/** One pass over the model: the sum of all weights as each block sees them, [head, w0, b0, w1 ...]. */
async function pass(store: BlockStore): Promise<number[]> {
  const reads: Promise<Float32Array>[] = [];
  scope(() => {
    const use = (name: string) => reads.push(affine(store.get(name), 1, 0).read());
    use("head.weight");
    for (let i = 0; i < BLOCKS; i++) {
      use(`blocks.${i}.w`);
      use(`blocks.${i}.b`);
    }
  });
  return (await Promise.all(reads)).map(([first = NaN]) => first);
}
const EXPECTED = [99, ...Array.from({ length: BLOCKS }, (_, i) => [i, 10 * i]).flat()];

/** A null device that notes which copies are enqueued between which ops. */
class NotedDevice extends NullDevice {
  readonly log: string[] = [];
  override transfer(source: Tensor, target: Tensor): void {
    const toHost = this.memory().hostBytes;
    super.transfer(source, target);
    this.log.push(this.memory().hostBytes > toHost ? "keep" : "copy");
  }
  override run(
    op: string,
    inputs: readonly OpInput[],
    attributes: readonly number[],
    outputs: readonly (Tensor | null)[],
  ): void {
    super.run(op, inputs, attributes, outputs);
    if (op === "affine") this.log.push("use");
  }
}

describe("weights that are streamed", () => {
  test.each([
    ["all stay", FIXED + BLOCKS * BLOCK, 0],
    ["some are streamed", FIXED + 4 * BLOCK, 4],
    ["all are streamed", FIXED + 2 * BLOCK, 6],
  ])("are the same, when %s", async (_, available, streamed) => {
    const device = testDevice();
    const pool = new HostPool(1e6);
    using store = new BlockStore(countedSource(device), pool);
    expect(store.place(available)).toBe(true);
    expect(store.placement.streamed.filter(Boolean)).toHaveLength(streamed);
    for (let i = 0; i < 3; i++) expect(await pass(store)).toEqual(EXPECTED);
    expect(store.bytes).toBeLessThanOrEqual(available);
    expect(pool.usedBytes).toBe(streamed * BLOCK);
    expect(device.memory().hostBytes).toBe(streamed * BLOCK);
  });

  test("are realised once, as long as there is pinned memory for them", async () => {
    const source = countedSource(testDevice());
    using store = new BlockStore(source, new HostPool(1e6));
    store.place(FIXED + 2 * BLOCK);
    for (let i = 0; i < 3; i++) await pass(store);
    expect(source.realised).toHaveLength(1 + 2 * BLOCKS);
  });

  test("are realised again where there is none, and stay right", async () => {
    const source = countedSource(testDevice());
    const pool = new HostPool(2 * BLOCK);
    using store = new BlockStore(source, pool);
    store.place(FIXED + 2 * BLOCK);
    for (let i = 0; i < 2; i++) expect(await pass(store)).toEqual(EXPECTED);
    expect(pool.usedBytes).toBe(2 * BLOCK);
    expect(source.realised.length).toBeGreaterThan(1 + 2 * BLOCKS);
  });

  test("arrive one block ahead of their use, into the slot whose block is done", async () => {
    const device = new NotedDevice();
    using store = new BlockStore(countedSource(device), new HostPool(1e6));
    store.place(FIXED + 2 * BLOCK);
    await pass(store);
    device.log.length = 0;
    await pass(store);
    // The first block arrived during the last one of the pass before; each block's first use brings the next.
    const blocks = Array.from({ length: BLOCKS }, () => "copy use use");
    expect(device.log.join(" ")).toBe(`use ${blocks.join(" ")}`);
  });

  test("are copied while blocks that stay are computed with", async () => {
    const device = new NotedDevice();
    using store = new BlockStore(countedSource(device), new HostPool(1e6));
    store.place(FIXED + 5 * BLOCK);
    expect(store.placement.streamed).toEqual([false, true, false, true, false, true]);
    await pass(store);
    device.log.length = 0;
    await pass(store);
    expect(device.log.join(" ")).toBe(
      "use copy use use use use copy use use use use copy use use use use",
    );
    expect(device.memory().peakBytes).toBeLessThanOrEqual(FIXED + 5 * BLOCK + 16 * 16);
  });

  test("leave nothing behind, in whatever state", async () => {
    const device = testDevice();
    const pool = new HostPool(1e6);
    const store = new BlockStore(countedSource(device), pool);
    store.place(FIXED + 3 * BLOCK);
    await pass(store);
    scope(() => void store.get("blocks.3.w"));
    store[Symbol.dispose]();
    await expectNoLiveTensors();
    expect(pool.usedBytes).toBe(0);
  });

  test("a pass that was interrupted anywhere does not harm the next", async () => {
    const device = testDevice();
    using store = new BlockStore(countedSource(device), new HostPool(1e6));
    for (const passes of [0, 1, 2]) {
      for (let i = 0; i < passes; i++) await pass(store);
      store.place(FIXED + (2 + passes) * BLOCK);
      using x = device.zeros([8, 128, 128, 128]);
      using weight = device.zeros([256, 3, 3, 3, 128]);
      using long = conv3d(x, weight, null, { padding: [1, 1, 1, 1, 1, 1] });
      const interrupted = pass(store);
      device.interrupt();
      await expect(interrupted).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
      await device.sync().catch(() => undefined);
      expect(long.failed).toBe(true);
      store.place(FIXED + (2 + passes) * BLOCK);
      expect(await pass(store)).toEqual(EXPECTED);
    }
  });

  test("change places when the room does", async () => {
    const pool = new HostPool(1e6);
    using store = new BlockStore(countedSource(testDevice()), pool);
    for (const blocks of [6, 2, 4, 3, 6, 5]) {
      store.place(FIXED + blocks * BLOCK);
      expect(await pass(store)).toEqual(EXPECTED);
      expect(store.bytes).toBeLessThanOrEqual(FIXED + blocks * BLOCK);
      expect(pool.usedBytes).toBe(store.streamedBytes);
    }
    expect(store.place(FIXED + BLOCK)).toBe(false);
    expect(await pass(store)).toEqual(EXPECTED);
  });

  test("prepared weights of a streamed block go with it", async () => {
    const device = testDevice();
    using store = new BlockStore(countedSource(device), new HostPool(1e6));
    store.place(FIXED + 2 * BLOCK);
    const twice = { key: "twice", apply: (weight: Tensor) => affine(weight, 2, 0) };
    const first = scope(() => store.get("blocks.2.w", twice));
    expect([...(await first.read())]).toEqual([4, 4, 4, 4]);
    expect(store.get("blocks.2.w", twice)).toBe(first);
    store.get("blocks.3.w");
    expect(first.disposed).toBe(true);
  });
});

test("the pool asks for memory that nobody uses before it refuses", () => {
  let spare = 100;
  const pool: HostPool = new HostPool(250, () => {
    if (spare === 0) return false;
    pool.give(spare);
    spare = 0;
    return true;
  });
  expect([pool.take(100), pool.take(100), pool.take(100)]).toEqual([true, true, true]);
  expect(pool.usedBytes).toBe(200);
  expect(pool.take(100)).toBe(false);
  expect(pool.take(251)).toBe(false);
});
