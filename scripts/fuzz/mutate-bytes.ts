import type { Random } from "./random.ts";

const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

type Mutation = (bytes: Buffer, random: Random, donors: readonly Uint8Array[]) => Buffer;

const flipBits: Mutation = (bytes, random) => {
  const result = Buffer.from(bytes);
  for (let i = 0; i <= random.below(8); i++) {
    const at = random.below(result.length);
    result[at] = (result[at] ?? 0) ^ (1 << random.below(8));
  }
  return result;
};

const setBytes: Mutation = (bytes, random) => {
  const result = Buffer.from(bytes);
  for (let i = 0; i <= random.below(4); i++)
    result[random.below(result.length)] = random.pick(EDGES);
  return result;
};

/** Numbers of two, four and eight bytes are often lengths, counts and offsets. */
const lieAboutNumber: Mutation = (bytes, random) => {
  const result = Buffer.from(bytes);
  const size = random.pick([2, 4, 8]);
  const at = random.below(result.length - size + 1);
  const number = random.pick([
    0n,
    1n,
    0xffn,
    0xffffn,
    0x7fff_ffffn,
    0xffff_ffffn,
    1n << 40n,
    (1n << 64n) - 1n,
  ]);
  const word = Buffer.alloc(8);
  word.writeBigUInt64LE(number);
  const part = word.subarray(0, size);
  (random.chance(0.5) ? part : part.reverse()).copy(result, at);
  return result;
};

const truncate: Mutation = (bytes, random) => bytes.subarray(0, random.below(bytes.length));

const extend: Mutation = (bytes, random) => {
  const tail = Buffer.alloc(1 + random.below(64), random.pick(EDGES));
  return Buffer.concat([bytes, tail]);
};

const remove: Mutation = (bytes, random) => {
  const start = random.below(bytes.length);
  const end = start + 1 + random.below(Math.min(256, bytes.length - start));
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
};

/** A piece of a valid input, put in or put over. */
const splice: Mutation = (bytes, random, donors) => {
  const donor = random.pick(donors);
  const start = random.below(donor.length);
  const piece = donor.subarray(
    start,
    start + 1 + random.below(Math.min(4096, donor.length - start)),
  );
  const at = random.below(bytes.length + 1);
  const behind = at + (random.chance(0.5) ? piece.length : 0);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(behind)]);
};

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  setBytes,
  lieAboutNumber,
  truncate,
  extend,
  remove,
  splice,
];

/** One to three kinds of damage to any format; `donors` give pieces to splice in. */
export function mutateBytes(
  input: Uint8Array,
  random: Random,
  donors: readonly Uint8Array[],
): Buffer {
  let bytes: Buffer = Buffer.from(input);
  const rounds = 1 + random.below(3);
  for (let i = 0; i < rounds && bytes.length > 8; i++)
    bytes = random.pick(MUTATIONS)(bytes, random, donors);
  return bytes;
}
