import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { AnyFamily } from "#runtime/engine/models/families";
import type { TensorSpec } from "#runtime/sdk/model";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";

/** Numbers that repeat; different tensors begin at different ones. */
const PERIOD = 8_388_593;
const SPREAD = 0.02;

/**
 * Writes a checkpoint with the names and shapes of a published configuration and random bfloat16 values: matrices
 * N(0, 0.02), norms 1, biases 0. `assets` are stored as bytes beside them.
 */
export function writeRandomCheckpoint(
  path: string,
  specs: readonly TensorSpec[],
  assets: Readonly<Record<string, Uint8Array>> = {},
): void {
  const sizes = specs.map(({ shape }) => shape.reduce((product, length) => product * length, 1));
  const values = normalValues(Math.max(...sizes) + PERIOD);
  const tensors = new Map<string, StoredTensor>();
  for (const [i, { name, shape }] of specs.entries()) {
    const size = sizes[i] ?? 0;
    const from = (i * 1_299_709) % PERIOD;
    const filled = isVector(shape)
      ? new Uint16Array(size).fill(/norm|gamma/.test(name) && !name.endsWith("bias") ? ONE : 0)
      : values.subarray(from, from + size);
    const bytes = new Uint8Array(filled.buffer, filled.byteOffset, filled.byteLength);
    tensors.set(name, { storedType: "BF16", shape, bytes });
  }
  for (const [name, bytes] of Object.entries(assets)) {
    tensors.set(name, { storedType: "U8", shape: [bytes.length], bytes });
  }
  mkdirSync(dirname(path), { recursive: true });
  writeSafetensors(path, tensors);
}

/** A LoRA on every matrix of the transformer blocks, in the form that most trainers write. */
export function loraSpecs(specs: readonly TensorSpec[], rank: number): TensorSpec[] {
  return specs
    .filter(({ name, shape }) => /^blocks\..*\.weight$/.test(name) && shape.length === 2)
    .flatMap(({ name, shape: [out = 0, input = 0] }) => {
      const module = `diffusion_model.${name.slice(0, -".weight".length)}`;
      return [
        { name: `${module}.lora_down.weight`, shape: [rank, input] },
        { name: `${module}.lora_up.weight`, shape: [out, rank] },
      ];
    });
}

/** Tensors of a family's published configuration. */
export function publishedTensors(
  families: readonly AnyFamily[],
  name: string,
  title: RegExp,
): readonly TensorSpec[] {
  const family = families.find((one) => one.family === name);
  const found = family?.published.find((one) => title.test(one.title));
  if (family === undefined || found === undefined) {
    throw new Error(`Expected a published configuration ${String(title)} of ${name}, got none.`);
  }
  return family.tensors(found.config as never);
}

const ONE = 0x3f80;

function isVector(shape: readonly number[]): boolean {
  return shape.filter((length) => length > 1).length <= 1;
}

/** N(0, SPREAD) in bfloat16. */
function normalValues(count: number): Uint16Array {
  const values = new Float32Array(PERIOD + 1);
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < PERIOD; i += 2) {
    const radius = SPREAD * Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    values[i] = radius * Math.cos(angle);
    values[i + 1] = radius * Math.sin(angle);
  }
  const bits = new Uint32Array(values.buffer);
  const result = new Uint16Array(count);
  for (let i = 0; i < PERIOD; i++) result[i] = (bits[i] ?? 0) >>> 16;
  for (let filled = PERIOD; filled < count; filled *= 2) {
    result.copyWithin(filled, 0, Math.min(filled, count - filled));
  }
  return result;
}
