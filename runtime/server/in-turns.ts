import { setImmediate as nextTurn } from "node:timers/promises";

/** Between two turns, so many items are worked on: a few milliseconds. */
const A_TURN = 25;

/** Works on long lists bit by bit: others are answered in between. */
export async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) {
    results.push(await work(item));
    if (results.length % A_TURN === 0) await nextTurn();
  }
  return results;
}
