/** The memory of a device that is not the host's: how much of it is left, and what may be given up for more. */
import type { Device } from "#runtime/tensor/device";
import type { HostPool } from "./host-pool.ts";

export interface DeviceMemoryOptions {
  readonly device: Device;
  /** Bytes that may be used. */
  readonly limit: number;
  readonly pool: HostPool;
  /** Gives up the longest unused weights; false when none are left. */
  readonly dropUnused: () => boolean;
}

/** Share of the limit that stays free: blocks of memory do not always fit without gaps. */
const MARGIN = 0.02;

export class DeviceMemory {
  readonly device: Device;
  readonly limit: number;
  readonly pool: HostPool;
  readonly #dropUnused: () => boolean;
  readonly #notes = new Set<string>();

  constructor({ device, limit, pool, dropUnused }: DeviceMemoryOptions) {
    this.device = device;
    this.limit = limit;
    this.pool = pool;
    this.#dropUnused = dropUnused;
  }

  /**
   * Bytes that are there for something that holds `own` of them now; when `wanted` are more, what nobody uses is given up
   * first.
   */
  room(own: number, wanted: number): number {
    for (;;) {
      const others = this.device.memory().liveBytes - own;
      const room = Math.floor((1 - MARGIN) * this.limit) - others;
      if (room >= wanted || !this.#dropUnused()) return room;
    }
  }

  /** The limit under which something that takes `bytes` would fit beside all that is in use. */
  limitFor(bytes: number, own: number): number {
    return Math.ceil((bytes + this.device.memory().liveBytes - own) / (1 - MARGIN));
  }

  /** Notes a decision that people should know of. */
  note(text: string): void {
    this.#notes.add(text);
  }

  /** What was noted since this was asked last. */
  takeNotes(): readonly string[] {
    const notes = [...this.#notes];
    this.#notes.clear();
    return notes;
  }
}
