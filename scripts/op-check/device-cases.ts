/** What a device must do besides computing: memory limits, faults, interrupts, transfers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isUmbelError, type ErrorCode } from "#runtime/errors";
import type { Device } from "#runtime/tensor/device";
import { mapFile } from "#runtime/tensor/devices";
import { affine, blockSparseAttention, embedding, linear } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import type { CaseOutcome } from "./check-case.ts";

export interface DeviceCase {
  readonly title: string;
  /** Throws when it does not hold. `open` gives a new device of that memory, all there is by default. */
  run(open: (memoryLimit?: number) => Device): Promise<void>;
}

const MIB = 2 ** 20;

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Expected ${what}.`);
}

async function expectCode(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  const got = await work.then(
    () => "no error",
    (error: unknown) => (isUmbelError(error) ? error.code : String(error)),
  );
  expect(got === code, `${code}, got ${got}`);
}

async function expectWorks(device: Device): Promise<void> {
  const [read] = scope(
    () => [affine(device.tensor(Float32Array.of(1, 2), [2]), 2, 1).read()] as const,
  );
  expect([...(await read)].join() === "3,5", "the device to go on computing");
  await device.sync();
  const { liveTensors, allocatedBytes } = device.memory();
  expect(liveTensors === 0 && allocatedBytes === 0, "nothing to be left behind");
}

/** Bytes that repeat after a prime number of them. */
function pattern(length: number): Uint8Array {
  const piece = Uint8Array.from({ length: 251 }, (_, i) => i);
  return new Uint8Array(Buffer.alloc(length, piece));
}

async function expectBytes(tensor: Tensor, wanted: Uint8Array): Promise<void> {
  const got = await tensor.readRaw();
  expect(Buffer.compare(got, wanted) === 0, `${wanted.length} bytes to come back`);
}

export const deviceCases: readonly DeviceCase[] = [
  {
    title: "more than the budget is ERR_OUT_OF_MEMORY, and the device goes on",
    async run(open) {
      const device = open(100 * MIB);
      scope(() => {
        affine(device.zeros([40 * MIB]), 1, 1);
      });
      await expectCode("ERR_OUT_OF_MEMORY", device.sync());
      await expectWorks(device);
    },
  },
  {
    title:
      "transfers from pinned memory run beside ops, before those that read them and after those before",
    async run(open) {
      const device = open();
      const elements = MIB;
      const onHost = [1, 2, 3].map((value) => {
        const pinned = device.emptyOnHost([elements], "f32");
        scope(() => device.transfer(affine(device.zeros([elements]), 1, value), pinned));
        return pinned;
      });
      const slots = [0, 1].map(() => device.empty([elements]));
      const results: Tensor[] = [];
      for (let round = 0; round < 24; round++) {
        const slot = slots[round % 2];
        const source = onHost[round % 3];
        if (slot === undefined || source === undefined) throw new Error("Expected two slots.");
        device.transfer(source, slot);
        // A long op, and one that looks at the end of what was copied.
        scope(() => void affine(device.zeros([8 * MIB]), 1, 1));
        const last = scope(() =>
          affine(slot, 1, 0)
            .slice(0, elements - 1, elements)
            .contiguous(),
        );
        results.push(scope(() => affine(last, 1, 0)));
        last[Symbol.dispose]();
      }
      const values = await Promise.all(results.map((result) => result.read()));
      expect(
        values.every(([value], round) => value === 1 + (round % 3)),
        `each round to read what was copied for it, got ${values.map(([value]) => value).join(" ")}`,
      );
      for (const tensor of [...onHost, ...slots, ...results]) tensor[Symbol.dispose]();
      await expectWorks(device);
      expect(device.memory().hostBytes === 0, "no pinned memory to be left");
    },
  },
  {
    title: "a tensor as large as what was freed fits again",
    async run(open) {
      const device = open(100 * MIB);
      for (let i = 0; i < 4; i++) {
        for (const [count, megabytes] of [
          [30, 3],
          [3, 30],
          [1, 90],
        ] as const) {
          scope(() => {
            const all = Array.from({ length: count }, () => device.zeros([megabytes * MIB], "u8"));
            for (const tensor of all) void tensor.contiguous();
            return all.length;
          });
          await device.sync().catch(() => undefined);
        }
      }
      await expectWorks(device);
    },
  },
  {
    title: "ids outside an embedding's table are ERR_INVALID_ARGUMENT",
    async run(open) {
      const device = open();
      const [read] = scope(() => {
        const ids = device.tensor(Int32Array.of(0, 7, 2), [3]);
        return [embedding(device.zeros([7, 4]), ids).read()] as const;
      });
      await expectCode("ERR_INVALID_ARGUMENT", read);
      await expectWorks(device);
    },
  },
  {
    title: "a faulty block list is ERR_INVALID_ARGUMENT",
    async run(open) {
      const device = open();
      const [read] = scope(() => {
        const x = device.zeros([200, 2, 64]);
        const mask = {
          blockSize: 64 as const,
          rowPtr: device.tensor(Int32Array.of(0, 1, 2, 3, 4), [1, 5]),
          col: device.tensor(Int32Array.of(0, 1, 2, 4), [1, 4]),
        };
        return [blockSparseAttention(x, x, x, mask).read()] as const;
      });
      await expectCode("ERR_INVALID_ARGUMENT", read);
      await expectWorks(device);
    },
  },
  {
    title: "an interrupt ends what was enqueued, and the device goes on",
    async run(open) {
      const device = open();
      let reading: Promise<unknown> = Promise.resolve();
      scope(() => {
        let x = device.zeros([1024, 1024]);
        const w = device.zeros([1024, 1024]);
        for (let i = 0; i < 2000; i++) x = linear(x, w, null);
        reading = x.slice(0, 0, 1).read();
      });
      device.interrupt();
      await expectCode("ERR_INTERRUPTED", reading);
      await expectWorks(device);
    },
  },
  {
    title: "bytes come back as they went, across staging buffers too",
    async run(open) {
      const device = open();
      for (const length of [0, 1, 5000, 32 * MIB - 3, 32 * MIB + 1, 70 * MIB]) {
        const bytes = pattern(length);
        using tensor = device.fromBytes(bytes, [length], "u8");
        await expectBytes(tensor, bytes);
      }
      await expectWorks(device);
    },
  },
  {
    title: "a mapped file is read where a tensor asks for it",
    async run(open) {
      const device = open();
      const folder = mkdtempSync(join(tmpdir(), "umbel-op-check-"));
      try {
        const bytes = pattern(40 * MIB);
        writeFileSync(join(folder, "data"), bytes);
        using mapping = mapFile(join(folder, "data"));
        for (const offset of [0, 3, 4096]) {
          using tensor = device.fromMapping(mapping, offset, [36 * MIB], "u8");
          await expectBytes(tensor, bytes.subarray(offset, offset + 36 * MIB));
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      await expectWorks(device);
    },
  },
];

/** Runs a case; never throws. */
export async function checkDevice(
  check: DeviceCase,
  open: (memoryLimit?: number) => Device,
): Promise<CaseOutcome> {
  const place = { op: "device", title: check.title, bound: 0 };
  try {
    await check.run(open);
    return { ...place, error: 0, ok: true };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { ...place, error: null, ok: false, failure };
  }
}
