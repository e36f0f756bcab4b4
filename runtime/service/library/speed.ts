const WINDOW_MS = 5000;

/** Bytes a second over the last seconds. */
export class Speed {
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

  add(bytes: number): void {
    const now = Date.now();
    this.#samples.push({ at: now, bytes });
    this.#forget(now);
  }

  get bytesPerSecond(): number {
    const now = Date.now();
    this.#forget(now);
    const start = this.#samples[0]?.at ?? now;
    const bytes = this.#samples.reduce((sum, sample) => sum + sample.bytes, 0);
    return Math.round((bytes * 1000) / Math.max(250, now - start));
  }

  #forget(now: number): void {
    while ((this.#samples[0]?.at ?? now) < now - WINDOW_MS) this.#samples.shift();
  }
}
