/** Inputs of a HunyuanVideo transformer as reference files store them. */
import type { DiffusionModel, LayerAttention } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { scope } from "#runtime/tensor/scope";
import { item, type GoldenFile } from "./golden-file.ts";

/** The model's output for stored input `index`; of the text only the rows that the mask leaves go in. */
export async function predictHunyuan(
  model: DiffusionModel,
  device: Device,
  golden: GoldenFile,
  index: number,
  attention?: LayerAttention,
): Promise<Float32Array> {
  const latent = item(golden.get("x"), index);
  const text = item(golden.get("text_states"), index);
  const used = item(golden.get("text_mask"), index).values.lastIndexOf(1) + 1;
  const width = text.shape[1] ?? 1;
  const pooled = item(golden.get("clip_pooled"), index);
  const timestep = golden.get("timestep").values[index] ?? NaN;
  using result = scope(() =>
    model.forward({
      latent: device.tensor(latent.values, latent.shape),
      timestep,
      context: device.tensor(text.values.slice(0, used * width), [used, width]),
      extra: {
        pooled: device.tensor(pooled.values, pooled.shape),
        guidance: (golden.get("guidance").values[index] ?? NaN) / 1000,
      },
      ...(attention === undefined ? {} : { attention }),
    }),
  );
  return await result.read();
}
