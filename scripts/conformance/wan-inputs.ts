/** Inputs of a Wan transformer as reference files store them. */
import type { DiffusionModel, LayerAttention } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { wan21Latent } from "#runtime/sdk/wan-latents";
import { toLinkScale } from "#runtime/sampling/latent-scale";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { item, type GoldenFile, type GoldenTensor } from "./golden-file.ts";

/** A prompt's rows without the zero rows that pad it to the trained length; the model adds those itself. */
export function unpadded({ shape, values }: GoldenTensor): GoldenTensor {
  const [, width = 1] = shape;
  const rows = Math.floor(values.findLastIndex((value) => value !== 0) / width) + 1;
  const kept = Math.max(1, rows);
  return { shape: [kept, width], values: values.slice(0, kept * width) };
}

/** Number of stored inputs; a latent without a batch axis is one. */
export function batchOf(golden: GoldenFile): number {
  const { shape } = golden.get("x");
  return shape.length === 5 ? (shape[0] ?? 0) : 1;
}

/** Part `index` of what has a batch axis in front of `rank` others. */
function part(golden: GoldenFile, name: string, index: number, rank: number): GoldenTensor {
  const tensor = golden.get(name);
  return tensor.shape.length > rank ? item(tensor, index) : tensor;
}

/** The model's output for stored input `index`. `extra` stands beside what the file itself holds. */
export async function predict(
  model: DiffusionModel,
  device: Device,
  golden: GoldenFile,
  index: number,
  attention?: LayerAttention,
  extra: Readonly<Record<string, GoldenTensor>> = {},
): Promise<Float32Array> {
  const latent = part(golden, "x", index, 4);
  const context = unpadded(item(golden.get("context"), index));
  const timestep = golden.get("timestep").values[index] ?? NaN;
  const further = {
    ...(golden.has("y") ? splitCondition(part(golden, "y", index, 4)) : {}),
    ...(golden.has("clip_fea") ? { clip_vision: item(golden.get("clip_fea"), index) } : {}),
    ...extra,
  };
  const unknown = golden.has("mask") ? { unknown: golden.get("mask").values } : {};
  using result = scope(() => {
    const tensor = ({ values, shape }: GoldenTensor) => device.tensor(values, shape);
    const tensors = Object.entries(further).map(([name, value]) => [name, tensor(value)]);
    return model.forward({
      latent: tensor(latent),
      timestep,
      context: tensor(context),
      extra: Object.fromEntries(tensors) as Record<string, Tensor>,
      ...unknown,
      ...(attention === undefined ? {} : { attention }),
    });
  });
  return await result.read();
}

/** y [mask 4 + latent, T, h, w] with its latent on the model's scale -> as conditioning carries both. */
export function splitCondition({ shape, values }: GoldenTensor): Record<string, GoldenTensor> {
  const [channels = 0, ...size] = shape;
  const plane = values.length / channels;
  const latent = [1, channels - 4, ...size];
  const { data } = toLinkScale({ data: values.slice(4 * plane), shape: latent }, wan21Latent);
  return {
    concat_mask: { shape: [4, ...size], values: values.slice(0, 4 * plane) },
    concat_latent_image: { shape: latent.slice(1), values: data },
  };
}

/** Values of a mask [T, h, w] at the corners of patches of 2 x 2. */
export function latentTokens(
  mask: Float32Array,
  [frames = 0, h = 0, w = 0]: readonly number[],
): number[] {
  const values: number[] = [];
  for (let f = 0; f < frames; f++) {
    for (let y = 0; y < h; y += 2) {
      for (let x = 0; x < w; x += 2) values.push(mask[(f * h + y) * w + x] ?? NaN);
    }
  }
  return values;
}
