import type { Random } from "./random.ts";

/** One kind of input that comes from outside. Add a file to targets/ and a line to all-targets.ts. */
export interface FuzzTarget {
  readonly name: string;
  /** Its part of all cases, relative to those of the other targets. */
  readonly share: number;
  /** A damaged input made from valid ones; the same for the same random numbers. */
  mutate(random: Random): Uint8Array;
  /** Reads it as the program would. May succeed or throw an UmbelError; everything else is a bug. */
  run(input: Uint8Array): void | Promise<void>;
  /** Inputs without damage, which must be read without an error. */
  readonly valid: readonly Uint8Array[];
}
