/** Inputs of a Mochi transformer as reference files store them. */
import type { DiffusionModel, LayerAttention } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { scope } from "#runtime/tensor/scope";
import { item, type GoldenFile, type GoldenTensor } from "./golden-file.ts";

/** The rows of a prompt that its mask leaves. */
export function maskedRows({ shape, values }: GoldenTensor, mask: GoldenTensor): GoldenTensor {
  const used = mask.values.lastIndexOf(1) + 1;
  const [, width = 1] = shape;
  return { shape: [used, width], values: values.slice(0, used * width) };
}

/** What the files' model gives for stored input `index`: an estimate of the clip less the noise. */
export async function predictMochi(
  model: DiffusionModel,
  device: Device,
  golden: GoldenFile,
  index: number,
  attention?: LayerAttention,
): Promise<Float32Array> {
  const latent = item(golden.get("x"), index);
  const text = maskedRows(item(golden.get("y_feat"), index), item(golden.get("y_mask"), index));
  using result = scope(() =>
    model.forward({
      latent: device.tensor(latent.values, latent.shape),
      timestep: golden.get("sigma").values[index] ?? NaN,
      context: device.tensor(text.values, text.shape),
      ...(attention === undefined ? {} : { attention }),
    }),
  );
  return (await result.read()).map((value) => -value);
}
