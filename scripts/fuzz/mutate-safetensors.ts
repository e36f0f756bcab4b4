/** Damage to safetensors files that knows the format: lying headers, and whole files that say something odd. */
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import type { Random } from "./random.ts";

interface Entry {
  dtype: string;
  shape: number[];
  data: Buffer;
}

const SIZES: Readonly<Record<string, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U8: 1,
  I32: 4,
  I64: 8,
};
const PREFIXES = [
  "model.diffusion_model.",
  "diffusion_model.",
  "first_stage_model.",
  "transformer.",
  "text_encoders.umt5xxl.transformer.",
  "lora_unet_",
  "base_model.model.",
];
const SUFFIXES = [
  ".weight",
  ".bias",
  ".alpha",
  ".scale_weight",
  ".weight_scale",
  ".comfy_quant",
  ".diff",
  ".diff_b",
  ".dora_scale",
  ".lora_A.weight",
  ".lora_B.weight",
  ".lora_down.weight",
  ".lora_up.weight",
];

export function mutateSafetensors(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  const seed = Buffer.from(random.pick(seeds));
  const roll = random.below(10);
  if (roll < 3) return mutateBytes(seed, random, seeds);
  if (roll < 6) return editHeader(seed, random);
  return editTensors(seed, random);
}

function split(file: Buffer): { text: string; data: Buffer } {
  const length = Number(file.readBigUInt64LE(0));
  return { text: file.toString("utf8", 8, 8 + length), data: file.subarray(8 + length) };
}

function join(text: string, data: Uint8Array, random: Random): Buffer {
  const header = Buffer.from(text);
  const length = Buffer.alloc(8);
  const lie = random.chance(0.1) ? random.below(64) - 32 : 0;
  length.writeBigUInt64LE(BigInt(Math.max(0, header.length + lie)));
  return Buffer.concat([length, header, data]);
}

function editHeader(seed: Buffer, random: Random): Buffer {
  const { text, data } = split(seed);
  return join(mutateJson(text, random), data, random);
}

/** The result is a correct file: what is wrong with it only shows when it is taken for a model. */
function editTensors(seed: Buffer, random: Random): Buffer {
  const { text, data } = split(seed);
  const header = JSON.parse(text) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Entry>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name !== "__metadata__")
      tensors.set(name, { dtype, shape, data: data.subarray(...data_offsets) });
  }
  for (let i = 0; i <= random.below(5) && tensors.size > 0; i++) editOne(tensors, random);
  return build(tensors, header["__metadata__"], random);
}

function editOne(tensors: Map<string, Entry>, random: Random): void {
  const name = random.pick([...tensors.keys()]);
  const entry = tensors.get(name);
  if (entry === undefined) return;
  switch (random.below(8)) {
    case 0:
      tensors.delete(name);
      break;
    case 1:
      tensors.delete(name);
      tensors.set(random.pick(PREFIXES) + name, entry);
      break;
    case 2:
      tensors.set(name.replace(/(\.[A-Za-z_]+)?$/, random.pick(SUFFIXES)), entry);
      break;
    case 3:
      tensors.set(name.replace(/\d+/, String(random.pick([0, 1, 7, 99, 4294967296]))), entry);
      break;
    case 4: {
      const shape = [...entry.shape];
      const axis = random.below(shape.length);
      shape[axis] = random.pick([0, 1, 2, 3, 5, 64, (shape[axis] ?? 1) + 1]);
      tensors.set(name, resized(entry.dtype, shape));
      break;
    }
    case 5: {
      const shape = random.pick([
        [],
        [1],
        [...entry.shape].reverse(),
        [...entry.shape, 1],
        entry.shape.slice(1),
      ]);
      tensors.set(name, resized(entry.dtype, shape));
      break;
    }
    case 6:
      tensors.set(name, resized(random.pick(Object.keys(SIZES)), entry.shape));
      break;
    default:
      // Values that are no numbers: infinities, NaN.
      tensors.set(name, { ...entry, data: Buffer.alloc(entry.data.length, 0xff) });
  }
}

function resized(dtype: string, shape: number[]): Entry {
  const bytes = shape.reduce((product, size) => product * size, SIZES[dtype] ?? 1);
  return bytes > 2 ** 20
    ? { dtype, shape: [0], data: Buffer.alloc(0) }
    : { dtype, shape, data: Buffer.alloc(bytes, 0x3c) };
}

function build(tensors: ReadonlyMap<string, Entry>, metadata: unknown, random: Random): Buffer {
  let position = 0;
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  for (const [name, { dtype, shape, data }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [position, position + data.length] };
    position += data.length;
  }
  const text = JSON.stringify(header);
  const edited = metadata !== undefined && random.chance(0.1) ? text.replace(/\d+/, "0") : text;
  const file = Buffer.from(edited);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(file.length));
  return Buffer.concat([length, file, ...[...tensors.values()].map(({ data }) => data)]);
}
