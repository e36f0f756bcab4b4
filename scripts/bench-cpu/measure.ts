import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import type { Row, Timed } from "./row.ts";
import type { Side } from "./sides.ts";

/** Best seconds of one run: ours, and of each other side by its name. */
export interface Measured {
  readonly ours: number;
  readonly others: ReadonlyMap<string, number>;
}

export interface Setting {
  readonly device: Device;
  readonly threads: number;
  readonly sides: readonly Side[];
  readonly rounds: number;
}

/** One turn takes about this long, so that starting and waiting do not count. */
const TURN_SECONDS = 0.15;

async function secondsFor({ run }: Timed, device: Device, runs: number): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < runs; i++) {
    const result = run();
    if (result instanceof Promise) await result;
    else result[Symbol.dispose]();
  }
  await device.sync();
  return (performance.now() - begin) / 1000 / runs;
}

async function turn(timed: Timed, device: Device): Promise<number> {
  const once = await secondsFor(timed, device, 1);
  return secondsFor(timed, device, Math.max(1, Math.round(TURN_SECONDS / once)));
}

function keepLeast(best: Map<string, number>, name: string, seconds: number | null): void {
  if (seconds !== null) best.set(name, Math.min(best.get(name) ?? Infinity, seconds));
}

export async function measureRow(row: Row, setting: Setting): Promise<Measured> {
  const { threads, sides, rounds } = setting;
  const device =
    row.precision === "bf16" ? openDevice("cpu", { threads, precision: "bf16" }) : setting.device;
  const timed = row.prepare(device);
  const own = row.own?.prepare(device);
  const best = new Map<string, number>();
  let ours = Infinity;
  for (let round = 0; round < rounds; round++) {
    ours = Math.min(ours, await turn(timed, device));
    if (own && row.own) keepLeast(best, row.own.name, (await turn(own, device)) * row.own.share);
    for (const side of sides) {
      const words = row[side.key];
      if (words !== undefined) keepLeast(best, side.name, await side.ask(words, TURN_SECONDS));
    }
  }
  for (const input of [...timed.inputs, ...(own?.inputs ?? [])]) input[Symbol.dispose]();
  return { ours, others: best };
}
