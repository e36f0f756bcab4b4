/** Which blocks of a model stay on a device and which are streamed through slots. Plain arithmetic. */

export interface Placement {
  /** Of each block: whether it is streamed. */
  readonly streamed: readonly boolean[];
  readonly slots: number;
  /** Bytes of one slot. */
  readonly slotBytes: number;
  /** Bytes on the device: what belongs to no block, the blocks that stay, the slots. */
  readonly deviceBytes: number;
}

/** One is computed with while the next is copied. */
const SLOTS = 2;

/** Bytes that a model takes at least, with everything streamed that can be. */
export function leastBytes(fixedBytes: number, blocks: readonly number[]): number {
  return place(fixedBytes, blocks, blocks.length).deviceBytes;
}

/**
 * As many blocks stay as `available` bytes hold beside those of no block; the others are spread evenly, so that each copy
 * has as much time as can be. Null where not even all streamed fits.
 */
export function placeBlocks(
  fixedBytes: number,
  blocks: readonly number[],
  available: number,
): Placement | null {
  for (let streamed = 0; streamed <= blocks.length; streamed++) {
    const placement = place(fixedBytes, blocks, streamed);
    if (placement.deviceBytes <= available) return placement;
  }
  return null;
}

function place(fixedBytes: number, blocks: readonly number[], count: number): Placement {
  const n = blocks.length;
  const streamed = blocks.map(
    (_, i) => Math.floor(((i + 1) * count) / n) > Math.floor((i * count) / n),
  );
  const slots = Math.min(SLOTS, count);
  const slotBytes = Math.max(0, ...blocks.filter((_, i) => streamed[i] === true));
  let deviceBytes = fixedBytes + slots * slotBytes;
  for (const [i, bytes] of blocks.entries()) if (streamed[i] !== true) deviceBytes += bytes;
  return { streamed, slots, slotBytes, deviceBytes };
}
