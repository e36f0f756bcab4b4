/** Time of a step and what is left, from progress calls: the median of the last few steps, so that one slow step does not mislead. */
import { performance } from "node:perf_hooks";

const WINDOW = 5;

export class ProgressClock {
  readonly #times: number[] = [];
  #last = performance.now();
  #lastValue = 0;

  /** Registers that `value` of `max` units are done. */
  mark(value: number, max: number): { secondsPerUnit: number; secondsLeft: number } {
    const now = performance.now();
    const units = value - this.#lastValue;
    if (units > 0) {
      this.#times.push((now - this.#last) / 1000 / units);
      if (this.#times.length > WINDOW) this.#times.shift();
    }
    this.#last = now;
    this.#lastValue = value;
    const sorted = this.#times.toSorted((a, b) => a - b);
    const secondsPerUnit = sorted[Math.floor(sorted.length / 2)] ?? 0;
    return { secondsPerUnit, secondsLeft: secondsPerUnit * Math.max(0, max - value) };
  }
}
