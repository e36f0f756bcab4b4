/** Inputs of a Wan transformer as reference files store them. */
import type { DiffusionModel, LayerAttention } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { scope } from "#runtime/tensor/scope";
import { item, type GoldenFile, type GoldenTensor } from "./golden-file.ts";

/** A prompt's rows without the zero rows that pad it to the trained length; the model adds those itself. */
export function unpadded({ shape, values }: GoldenTensor): GoldenTensor {
  const [, width = 1] = shape;
  const rows = Math.floor(values.findLastIndex((value) => value !== 0) / width) + 1;
  const kept = Math.max(1, rows);
  return { shape: [kept, width], values: values.slice(0, kept * width) };
}

/** Number of stored inputs. */
export function batchOf(golden: GoldenFile): number {
  return golden.get("x").shape[0] ?? 0;
}

/** The model's output for stored input `index`. */
export async function predict(
  model: DiffusionModel,
  device: Device,
  golden: GoldenFile,
  index: number,
  attention?: LayerAttention,
): Promise<Float32Array> {
  const latent = item(golden.get("x"), index);
  const context = unpadded(item(golden.get("context"), index));
  const timestep = golden.get("timestep").values[index] ?? NaN;
  using result = scope(() =>
    model.forward({
      latent: device.tensor(latent.values, latent.shape),
      timestep,
      context: device.tensor(context.values, context.shape),
      ...(attention === undefined ? {} : { attention }),
    }),
  );
  return await result.read();
}
