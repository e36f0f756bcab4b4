/** The blocks of a model as its weights' names tell them: what can be streamed one after the other. */
import { weightBytes, type WeightLayout } from "./weight-source.ts";

/** Where a weight lies in the memory of its block. */
export interface BlockEntry extends WeightLayout {
  readonly name: string;
  readonly byteOffset: number;
}

export interface WeightBlock {
  /** What the names of its weights begin with, "blocks.7.". */
  readonly key: string;
  readonly entries: readonly BlockEntry[];
  /** Of all its weights, one behind the other. */
  readonly bytes: number;
}

/** Matrix kernels want their operands so aligned. */
const ALIGNMENT = 256;
/** Lists of layers that weigh less than this share of the largest block are not worth streaming. */
const LEAST_SHARE = 1 / 8;

/** "blocks.7.attn.q.weight" -> "blocks.7."; null for a name without a number. */
export function blockKey(name: string): string | null {
  return /^.*?\.\d+\./.exec(name)?.[0] ?? null;
}

/**
 * The blocks in the order in which their first weights are named, which is the order of use. A block is one of several
 * numbered ones; weights outside of all, and those of small lists, belong to none.
 */
export function weightBlocks(
  weights: Iterable<readonly [name: string, layout: WeightLayout]>,
): WeightBlock[] {
  const found = new Map<string, BlockEntry[]>();
  const sizes = new Map<string, number>();
  for (const [name, layout] of weights) {
    const key = blockKey(name);
    if (key === null) continue;
    const byteOffset = aligned(sizes.get(key) ?? 0);
    const entries = found.get(key) ?? [];
    entries.push({ ...layout, name, byteOffset });
    found.set(key, entries);
    sizes.set(key, byteOffset + weightBytes(layout));
  }
  const blocks = [...found].map(([key, entries]) => ({
    key,
    entries,
    bytes: aligned(sizes.get(key) ?? 0),
  }));
  const largest = Math.max(0, ...blocks.map(({ bytes }) => bytes));
  const large = blocks.filter(({ bytes }) => bytes >= LEAST_SHARE * largest);
  const lists = large.map(({ key }) => listOf(key));
  return large.filter((_, i) => lists.filter((list) => list === lists[i]).length > 1);
}

function listOf(key: string): string {
  return key.replace(/\d+\.$/, "");
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
