/** What the memory of a forward pass depends on: the shapes of its inputs. */
import type { DiffusionInput } from "#runtime/sdk/model";
import type { NullDevice } from "#runtime/tensor/null-device";
import type { DType } from "#runtime/tensor/layout";

interface TensorShape {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface InputShapes {
  readonly latent: readonly number[];
  readonly context: readonly number[];
  /** Elements of the mask of what is unknown; null without one. */
  readonly unknown: number | null;
  readonly extra: Readonly<Record<string, TensorShape | number>>;
}

export function inputShapes({ latent, context, unknown, extra = {} }: DiffusionInput): InputShapes {
  return {
    latent: latent.shape,
    context: context.shape,
    unknown: unknown?.length ?? null,
    extra: Object.fromEntries(
      Object.entries(extra).map(([name, value]) => [
        name,
        typeof value === "number" ? value : { shape: value.shape, dtype: value.dtype },
      ]),
    ),
  };
}

/** The same for a latent of another size: what lies beside it frame by frame, pixel by pixel, changes with it. */
export function resized(input: InputShapes, latent: readonly number[]): InputShapes {
  const before = input.latent.slice(1);
  const after = latent.slice(1);
  const follows = (shape: readonly number[]) =>
    shape.length >= 3 && shape.slice(-3).every((size, i) => size === before[i]);
  return {
    latent,
    context: input.context,
    unknown: input.unknown === null ? null : after.reduce((product, size) => product * size, 1),
    extra: Object.fromEntries(
      Object.entries(input.extra).map(([name, value]) => [
        name,
        typeof value !== "number" && follows(value.shape)
          ? { ...value, shape: [...value.shape.slice(0, -3), ...after] }
          : value,
      ]),
    ),
  };
}

/** Inputs of those shapes on the null device. */
export function likeInput(
  { latent, context, unknown, extra }: InputShapes,
  device: NullDevice,
): DiffusionInput {
  return {
    latent: device.empty(latent),
    context: device.empty(context),
    timestep: 0,
    ...(unknown === null ? {} : { unknown: oneKnown(unknown) }),
    extra: Object.fromEntries(
      Object.entries(extra).map(([name, value]) => [
        name,
        typeof value === "number" ? value : device.empty(value.shape, value.dtype),
      ]),
    ),
  };
}

/** What is known here and not there makes rows for every token, so it takes the most. */
function oneKnown(length: number): Float32Array {
  return new Float32Array(length).fill(1).fill(0, 0, 1);
}
