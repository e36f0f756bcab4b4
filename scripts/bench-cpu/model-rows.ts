/** The bundled model at the size it was trained for: one pass of its transformer, one short clip decoded. */
import { join } from "node:path";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { detectModel, type DetectedModel } from "#runtime/engine/models/detect";
import { loadFamilies, type ModelKind } from "#runtime/engine/models/families";
import { checkpointSource, emptySource } from "#runtime/engine/models/weight-source";
import { sourceStore } from "#runtime/engine/models/weight-store";
import type { DiffusionFamily, VaeFamily, Weights } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { anyNumbers, type Row } from "./row.ts";

/** Latent of 256 x 256 pixels. */
const latentShape = (frames: number) => [16, frames, 32, 32];
const TEXT_TOKENS = 20;

/** What is run with the weights; resolves when the device is done. */
type Work = (weights: Weights) => Promise<void>;

export async function modelRows(): Promise<readonly Row[]> {
  return [await forwardRow(9), await decodeRow(3)];
}

async function forwardRow(frames: number): Promise<Row> {
  const detected = await open("diffusion", "diffusion_models/umbel_tiny_t2v_bf16.safetensors");
  const family = detected.family as DiffusionFamily;
  const width = family.textWidth(detected.config);
  return modelRow(detected, {
    op: "DiT forward",
    size: `${1 + 4 * (frames - 1)} frames of 256 x 256`,
    pytorch: `dit ${frames} 32 ${TEXT_TOKENS}`,
    work: async (weights) => {
      const { device } = weights;
      using latent = filled(device, latentShape(frames));
      using context = filled(device, [TEXT_TOKENS, width]);
      const model = family.create(detected.config, weights);
      using flow = model.forward({ latent, timestep: 500, context });
      await device.sync();
      if (flow.numel !== latent.numel) throw new Error("Expected a flow of the latent's size.");
    },
  });
}

async function decodeRow(frames: number): Promise<Row> {
  const detected = await open("vae", "vae/umbel_tiny_vae_bf16.safetensors");
  const family = detected.family as VaeFamily;
  return modelRow(detected, {
    op: "VAE decode",
    size: `${1 + 4 * (frames - 1)} frames of 256 x 256`,
    pytorch: `vae ${frames} 32`,
    work: async (weights) => {
      const { device } = weights;
      using latent = filled(device, latentShape(frames));
      await family.create(detected.config, weights).decode(latent, () => device.sync());
    },
  });
}

async function open(kind: ModelKind, path: string): Promise<DetectedModel> {
  using file = openCheckpoint(join(BUNDLED_MODELS, path));
  return detectModel(file, await loadFamilies(), kind);
}

async function modelRow(
  detected: DetectedModel,
  what: Pick<Row, "op" | "size"> & { readonly pytorch: string; readonly work: Work },
): Promise<Row> {
  const { work, ...rest } = what;
  const planned = openDevice("null");
  using empty = sourceStore(emptySource(detected.specs.values(), planned));
  await work(empty);
  const flops = [...planned.flops().values()].reduce((sum, count) => sum + count, 0);
  return {
    ...rest,
    flops,
    prepare: (device) => {
      const options = { scaledType: "f32", matrixType: null } as const;
      const store = sourceStore(checkpointSource(detected, device, options));
      return { inputs: [store], run: () => work(store) };
    },
  };
}

function filled(device: Device, shape: readonly number[]) {
  return device.tensor(anyNumbers(shape.reduce((product, length) => product * length, 1)), shape);
}
