/** Outcome of one case. */
export interface CaseResult {
  /** Path of the folder that holds the case. */
  readonly folder: string;
  readonly check: string;
  readonly case: string;
  readonly status: "ok" | "broken" | "error" | "not checked";
  readonly metric?: string;
  readonly measured?: number;
  /** The bound, and on which side of it the measured number has to be. */
  readonly bound?: number;
  readonly side?: "at most" | "at least";
  /** Why it is broken, an error, or not checked. */
  readonly note?: string;
}

export interface Metric {
  readonly name: string;
  readonly bound: number;
  readonly side?: "at most" | "at least";
}

/** Collects the cases of one check; what goes wrong in one does not keep the others from running. */
export class Cases {
  readonly #place: Pick<CaseResult, "folder" | "check">;
  readonly #emit: (result: CaseResult) => void;

  constructor(place: Pick<CaseResult, "folder" | "check">, emit: (result: CaseResult) => void) {
    this.#place = place;
    this.#emit = emit;
  }

  /** Measures one case and holds it against the metric's bound. A number that is none breaks it. */
  async measure(name: string, metric: Metric, body: () => number | Promise<number>): Promise<void> {
    const { bound, side = "at most" } = metric;
    try {
      const measured = await body();
      const kept = side === "at most" ? measured <= bound : measured >= bound;
      this.#add(name, {
        status: kept ? "ok" : "broken",
        metric: metric.name,
        measured,
        bound,
        side,
      });
    } catch (error) {
      this.#add(name, {
        status: "error",
        metric: metric.name,
        bound,
        side,
        note: messageOf(error),
      });
    }
  }

  /** Runs what cases need before they can be measured; null, and an error in the report, when it fails. */
  async prepare<T>(name: string, body: () => T | Promise<T>): Promise<T | null> {
    try {
      return await body();
    } catch (error) {
      this.#add(name, { status: "error", note: messageOf(error) });
      return null;
    }
  }

  notChecked(name: string, reason: string): void {
    this.#add(name, { status: "not checked", note: reason });
  }

  #add(name: string, result: Omit<CaseResult, "folder" | "check" | "case">): void {
    this.#emit({ ...this.#place, case: name, ...result });
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
