/** Where the weights of a model come from, before any LoRA and with them. */
import type { Device } from "#runtime/tensor/device";
import { countElements, dtypeSize, type DType } from "#runtime/tensor/layout";
import { add, cast, dequantize, mul } from "#runtime/tensor/ops";
import type { ScaledWeight } from "#runtime/tensor/scaled-weight";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { UmbelError } from "#runtime/errors";
import type { TensorSpec } from "#runtime/sdk/model";
import { mergePatches, patchesOf, type LoraUse } from "#runtime/weights/lora-merge";
import {
  joinedShape,
  joinPieces,
  swapHalves,
  type StoredPiece,
} from "#runtime/weights/stored-piece";
import type { DetectedModel } from "./detect.ts";

export interface RealisedTensor {
  readonly tensor: Tensor;
  /** It reads from a mapped file and takes no memory of its own. */
  readonly mapped: boolean;
}

/** What is kept of a weight: itself, or the bytes of its blocks where it stays packed. */
export interface WeightLayout {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export function weightBytes({ shape, dtype }: WeightLayout): number {
  return countElements(shape) * dtypeSize(dtype);
}

export interface WeightSource {
  readonly device: Device;
  has(name: string): boolean;
  names(): Iterable<string>;
  /** Throws ERR_MISSING_TENSOR. */
  layout(name: string): WeightLayout;
  /** Bytes that making what is kept takes for a moment, beside its own. */
  loadBytes(name: string): number;
  /** A new tensor that belongs to the caller. Throws ERR_MISSING_TENSOR. */
  realise(name: string): RealisedTensor;
  /** Weights that are kept in blocks and unpacked for each use; null for all others. */
  packed?(name: string): PackedTensor | null;
  /** New tensors of a matrix that the file holds as float8 e4m3 with scales, as it holds them; null for all others. */
  scaled?(name: string): ScaledWeight | null;
}

export interface PackedTensor {
  /** The blocks as a new tensor that belongs to the caller. */
  stored(): RealisedTensor;
  unpack(blocks: Tensor): Tensor;
}

export interface CheckpointSourceOptions {
  /** Type of weights that scales are applied to. */
  readonly scaledType: DType;
  /** Type in which matrices are kept; null: as they are in the file, but for `storedType`. */
  readonly matrixType: DType | null;
  /** Keeps weights that are stored in blocks as they are; absent: they are kept dequantized. */
  readonly keepsBlocks?: boolean;
  /** Type in which weights are kept that have no scale, by their type in the file; by default that. */
  readonly storedType?: (dtype: DType, isMatrix: boolean) => DType;
}

/** Weights of a checkpoint under canonical names: in place where they can be, scaled float8 multiplied out. */
export function checkpointSource(
  { part, names, specs, family }: DetectedModel,
  device: Device,
  {
    scaledType,
    matrixType,
    storedType = (dtype) => dtype,
    keepsBlocks = false,
  }: CheckpointSourceOptions,
): WeightSource {
  const mappable = device.name !== "cuda";
  const piecesOf = (name: string): readonly [StoredPiece, ...StoredPiece[]] => {
    const [first, ...others] = names.get(name) ?? [];
    if (first === undefined) throw missingTensor(name, family.title, part.file.path);
    return [first, ...others];
  };
  const storedLayout = ({ own }: StoredPiece): WeightLayout => {
    const { shape = [], dtype = "other" } = part.weights.get(own) ?? {};
    return { shape, dtype: dtype === "other" ? "u8" : dtype };
  };
  const typeOf = (name: string, { own }: StoredPiece, stored: WeightLayout): DType => {
    const matrix = isMatrix(name, stored.shape);
    if (matrixType !== null && matrix) return matrixType;
    return part.scales.has(own) ? scaledType : storedType(stored.dtype, matrix);
  };
  /** Of one piece: what it takes while it is brought into its type. */
  const pieceLoadBytes = (name: string, piece: StoredPiece): number => {
    const stored = storedLayout(piece);
    const { blocks, bytes = 0 } = part.weights.get(piece.own) ?? {};
    const type = typeOf(name, piece, stored);
    const scaled = part.scales.has(piece.own) && type !== "f32";
    const unpacked = blocks === undefined ? 0 : bytes;
    const products = scaled ? 4 * countElements(stored.shape) : 0;
    return unpacked + products + (type === stored.dtype ? 0 : weightBytes(stored));
  };
  const packed = (name: string): PackedTensor | null => {
    const [first, ...others] = piecesOf(name);
    const { own, swapped } = first;
    const entry = part.weights.get(own);
    const blocks = entry?.blocks;
    if (!keepsBlocks || blocks === undefined || others.length > 0 || swapped === true) return null;
    const shape = specs.get(name)?.shape ?? entry?.shape ?? [];
    return {
      stored: () => ({ tensor: part.file.stored(part.prefix + own, device), mapped: mappable }),
      unpack: (stored) => dequantize(stored, blocks, shape, device.compute),
    };
  };
  return {
    device,
    has: (name) => names.has(name),
    names: () => names.keys(),
    packed: (name) => (names.has(name) ? packed(name) : null),
    layout(name) {
      const pieces = piecesOf(name);
      const [{ own }] = pieces;
      if (packed(name) !== null) return { shape: [part.weights.get(own)?.bytes ?? 0], dtype: "u8" };
      const stored = pieces.map(storedLayout);
      const types = new Set(pieces.map((piece) => typeOf(name, piece, storedLayout(piece))));
      const [type = "f32"] = types;
      const shape = specs.get(name)?.shape ?? joinedShape(stored.map((layout) => layout.shape));
      return { shape: shape ?? [], dtype: types.size === 1 ? type : "f32" };
    },
    loadBytes(name) {
      if (packed(name) !== null) return 0;
      const pieces = piecesOf(name);
      const moved = pieces.length > 1 || pieces[0].swapped === true;
      const joined = moved ? pieces.map((piece) => weightBytes(storedLayout(piece))) : [];
      return [...joined, ...pieces.map((piece) => pieceLoadBytes(name, piece))].reduce(
        (sum, bytes) => sum + bytes,
        0,
      );
    },
    scaled(name) {
      const [{ own, swapped }, ...others] = piecesOf(name);
      const scale = part.scales.get(own);
      const whole = others.length === 0 && swapped !== true;
      if (!whole || scale === undefined || part.weights.get(own)?.dtype !== "f8_e4m3") return null;
      const stored = part.file.tensor(part.prefix + own, device);
      const values = stored.reshape(specs.get(name)?.shape ?? stored.shape);
      const factors = part.file.tensor(part.prefix + scale, device).reshape([-1]);
      // One scale, or one a row, becomes float32 [rows].
      return { values, scales: add(device.zeros([values.shape[0] ?? 0]), factors) };
    },
    realise(name) {
      const [first, ...others] = piecesOf(name);
      const shape = specs.get(name)?.shape;
      let mapped = others.length === 0 && first.swapped !== true && mappable;
      const realisePiece = (piece: StoredPiece): Tensor => {
        const { own, swapped } = piece;
        const stored = part.file.tensor(part.prefix + own, device);
        const scale = part.scales.get(own);
        const scaled =
          scale === undefined
            ? stored
            : applyScale(stored, part.file.tensor(part.prefix + scale, device));
        const type = typeOf(name, piece, stored);
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
  };
}

/** What is kept of a weight, as a new tensor that belongs to the caller. */
export function keptForm(source: WeightSource, name: string): RealisedTensor {
  return source.packed?.(name)?.stored() ?? source.realise(name);
}

/** Weights with LoRAs merged into them, kept in `dtype`; `exact` gives what LoRAs are added to. */
export function patchedSource(
  source: WeightSource,
  exact: WeightSource,
  uses: readonly LoraUse[],
  dtype: (name: string) => DType,
): WeightSource {
  const patched = new Set(uses.flatMap(({ plan }) => [...plan.patches.keys()]));
  return {
    device: source.device,
    has: (name) => source.has(name),
    names: () => source.names(),
    layout(name) {
      const layout = source.layout(name);
      const merged = patched.has(name) && (source.packed?.(name) ?? null) === null;
      return merged ? { ...layout, dtype: dtype(name) } : layout;
    },
    /** What is unpacked for each use is merged for each use. */
    packed(name) {
      const packed = source.packed?.(name) ?? null;
      const patches = patchesOf(uses, name);
      if (packed === null || patches.length === 0) return packed;
      return {
        stored: () => packed.stored(),
        unpack: (blocks) => scope(() => mergePatches(packed.unpack(blocks), patches, dtype(name))),
      };
    },
    scaled: (name) => (patched.has(name) ? null : (source.scaled?.(name) ?? null)),
    // The exact weight, and the sum after the first of several LoRAs.
    loadBytes: (name) =>
      patched.has(name) && (source.packed?.(name) ?? null) === null
        ? exact.loadBytes(name) +
          weightBytes(exact.layout(name)) +
          (uses.length > 1 ? 4 * countElements(exact.layout(name).shape) : 0)
        : source.loadBytes(name),
    realise(name) {
      const patches = patchesOf(uses, name);
      if (patches.length === 0) return source.realise(name);
      const tensor = scope(() => mergePatches(exact.realise(name).tensor, patches, dtype(name)));
      return { tensor, mapped: false };
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
  const shapeOf = (name: string): readonly number[] => {
    const shape = shapes.get(name);
    if (shape === undefined) throw missingTensor(name, "the model", "its configuration");
    return shape;
  };
  return {
    device,
    has: (name) => shapes.has(name),
    names: () => shapes.keys(),
    layout: (name) => ({ shape: shapeOf(name), dtype }),
    loadBytes: () => 0,
    realise: (name) => ({ tensor: device.empty(shapeOf(name), dtype), mapped: false }),
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
