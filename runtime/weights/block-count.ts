/**
 * How many blocks a checkpoint has by its names, `prefix` followed by a number and a dot: one more than the highest
 * number, so that a block that is lost is missed rather than passed over. A number far beyond the others is none of
 * theirs; then the blocks that follow each other from 0 count.
 */
export function blockCount(names: Iterable<string>, prefix: string): number {
  const found = new Set<number>();
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const index = /^(\d+)\./.exec(name.slice(prefix.length))?.[1];
    if (index !== undefined) found.add(Number(index));
  }
  let upToHighest = 0;
  for (const index of found) upToHighest = Math.max(upToHighest, index + 1);
  if (upToHighest <= 4 * found.size) return upToHighest;
  let inOrder = 0;
  while (found.has(inOrder)) inOrder++;
  return inOrder;
}
