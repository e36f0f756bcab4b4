const FIRST_MS = 100;
const LONGEST_MS = 10_000;
/** A process that ran as long as this had started well. */
const SETTLED_MS = 20_000;

/** How long to wait before a process that ended is started again: doubling while it ends soon after its start. */
export class RestartDelay {
  #started = 0;
  #delay = FIRST_MS;

  started(now = Date.now()): void {
    this.#started = now;
  }

  next(now = Date.now()): number {
    if (now - this.#started >= SETTLED_MS) this.#delay = FIRST_MS;
    const delay = this.#delay;
    this.#delay = Math.min(delay * 2, LONGEST_MS);
    return delay;
  }
}
