/**
 * How much host memory weights of a device may be pinned in, shared by all models and jobs. Pinned memory cannot be
 * swapped out, so it must stay well below what the machine has.
 */
export class HostPool {
  readonly limit: number;
  /** Gives up what nobody uses; false when nothing is left. */
  readonly #reclaim: () => boolean;
  #used = 0;

  constructor(limit: number, reclaim: () => boolean = () => false) {
    this.limit = limit;
    this.#reclaim = reclaim;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Takes bytes, until `give` returns them; false where there is no room. */
  take(bytes: number): boolean {
    if (bytes > this.limit) return false;
    while (this.#used + bytes > this.limit) if (!this.#reclaim()) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
