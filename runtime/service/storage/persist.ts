import { setTimeout as sleep } from "node:timers/promises";
import { isUmbelError, toUmbelError, UmbelError } from "#runtime/errors";

export interface Persistence {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Hears why a try failed that is followed by another one, once for each reason. */
  readonly tell: (reason: string) => void;
  /** Milliseconds after which a storage that cannot be used is given up. */
  readonly patience: number;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/**
 * Tries until it succeeds: a storage that is away, or that refuses because of a mistake which somebody corrects, costs
 * time and no result. Throws ERR_STORAGE when patience ends, ERR_INTERRUPTED when the signal does it.
 */
export async function persist<T>(
  work: () => Promise<T>,
  { signal, tell, patience }: Persistence,
): Promise<T> {
  const end = performance.now() + patience;
  let told = "";
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      return await work();
    } catch (error) {
      if (!isUmbelError(error) || error.code !== "ERR_STORAGE") throw error;
      if (performance.now() + wait > end) throw error;
      if (error.message !== told) tell(error.message);
      told = error.message;
    }
    await sleep(wait, undefined, { signal }).catch((cause: unknown) => {
      throw new UmbelError("ERR_INTERRUPTED", toUmbelError(cause).message, { cause });
    });
  }
}
