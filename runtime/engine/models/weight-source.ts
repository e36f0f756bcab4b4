/** Where the weights of a model come from, before any LoRA. */
import type { Device } from "#runtime/tensor/device";
import { cast, dequantize, mul } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { DType, Tensor } from "#runtime/tensor/tensor";
import { UmbelError } from "#runtime/errors";
import type { TensorSpec } from "#runtime/sdk/model";
import { joinPieces, swapHalves, type StoredPiece } from "#runtime/weights/stored-piece";
import type { DetectedModel } from "./detect.ts";

export interface RealisedTensor {
  readonly tensor: Tensor;
  /** It reads from a mapped file and takes no memory of its own. */
  readonly mapped: boolean;
}

export interface WeightSource {
  readonly device: Device;
  has(name: string): boolean;
  /** A new tensor that belongs to the caller. Throws ERR_MISSING_TENSOR. */
  realise(name: string): RealisedTensor;
  /** Weights that are kept in blocks and unpacked for each use; null for all others. */
  packed?(name: string): PackedTensor | null;
}

export interface PackedTensor {
  /** The blocks as a new tensor that belongs to the caller. */
  stored(): RealisedTensor;
  unpack(blocks: Tensor): Tensor;
}

export interface CheckpointSourceOptions {
  /** Type of weights that scales are applied to. */
  readonly scaledType: DType;
  /** Type in which matrices are kept; null: as they are in the file. */
  readonly matrixType: DType | null;
  /** Keeps weights that are stored in blocks as they are; absent: they are kept dequantized. */
  readonly keepsBlocks?: boolean;
}

/** Weights of a checkpoint under canonical names: in place where they can be, scaled float8 multiplied out. */
export function checkpointSource(
  { part, names, specs, family }: DetectedModel,
  device: Device,
  { scaledType, matrixType, keepsBlocks = false }: CheckpointSourceOptions,
): WeightSource {
  const mappable = device.name !== "cuda";
  return {
    device,
    has: (name) => names.has(name),
    realise(name) {
      const [first, ...others] = names.get(name) ?? [];
      if (first === undefined) throw missingTensor(name, family.title, part.file.path);
      const shape = specs.get(name)?.shape;
      let mapped = others.length === 0 && first.swapped !== true && mappable;
      const realisePiece = ({ own, swapped }: StoredPiece): Tensor => {
        const stored = part.file.tensor(part.prefix + own, device);
        const scale = part.scales.get(own);
        const scaled =
          scale === undefined
            ? stored
            : applyScale(stored, part.file.tensor(part.prefix + scale, device));
        const type =
          matrixType !== null && isMatrix(name, stored.shape)
            ? matrixType
            : scale === undefined
              ? stored.dtype
              : scaledType;
        const typed = scaled.dtype === type ? scaled : cast(scaled, type);
        mapped &&= typed === stored && part.weights.get(own)?.blocks === undefined;
        return swapped === true ? swapHalves(typed) : typed;
      };
      return scope(() => {
        const whole = joinPieces([realisePiece(first), ...others.map(realisePiece)]);
        const tensor = shape === undefined ? whole : whole.reshape(shape);
        return { tensor, mapped };
      });
    },
    packed(name) {
      const [first, ...others] = names.get(name) ?? [];
      if (!keepsBlocks || first === undefined) return null;
      const { own, swapped } = first;
      const entry = part.weights.get(own);
      const blocks = entry?.blocks;
      if (blocks === undefined || others.length > 0 || swapped === true) return null;
      const shape = specs.get(name)?.shape ?? entry?.shape ?? [];
      return {
        stored: () => ({ tensor: part.file.stored(part.prefix + own, device), mapped: mappable }),
        unpack: (stored) => dequantize(stored, blocks, shape, device.compute),
      };
    },
  };
}

/** Weights without data, for the null device: every tensor of a configuration in one type. */
export function emptySource(
  specs: Iterable<TensorSpec>,
  device: Device,
  dtype: DType = "bf16",
): WeightSource {
  const shapes = new Map([...specs].map(({ name, shape }) => [name, shape]));
  return {
    device,
    has: (name) => shapes.has(name),
    realise(name) {
      const shape = shapes.get(name);
      if (shape === undefined) throw missingTensor(name, "the model", "its configuration");
      return { tensor: device.empty(shape, dtype), mapped: false };
    },
  };
}

/** weight * scale in float32; one scale, or one a row. */
function applyScale(weight: Tensor, scale: Tensor): Tensor {
  const factors =
    scale.numel === 1 ? [1] : [weight.shape[0] ?? 1, ...weight.shape.slice(1).map(() => 1)];
  return mul(weight, scale.reshape(factors));
}

export function isMatrix(name: string, shape: readonly number[]): boolean {
  return name.endsWith(".weight") && shape.filter((size) => size > 1).length >= 2;
}

function missingTensor(name: string, title: string, place: string): UmbelError {
  return new UmbelError(
    "ERR_MISSING_TENSOR",
    `Expected tensor "${name}" of ${title} in ${place}, got none.`,
  );
}
