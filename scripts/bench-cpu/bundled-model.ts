/** The bundled model at the size it was trained for: one pass of its transformer, one decoded clip. */
import { join } from "node:path";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { detectModel, type DetectedModel } from "#runtime/engine/models/detect";
import { loadFamilies, type ModelKind } from "#runtime/engine/models/families";
import {
  checkpointSource,
  emptySource,
  type WeightSource,
} from "#runtime/engine/models/weight-source";
import { sourceStore } from "#runtime/engine/models/weight-store";
import type { DiffusionFamily, VaeFamily, Weights } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { openCheckpoint } from "#runtime/weights/checkpoint";

/** Latent of 33 frames of 256 x 256. */
const LATENT = [16, 9, 32, 32];
const TEXT_TOKENS = 20;

export interface Workload extends Disposable {
  readonly title: string;
  /** Floating-point operations of one run. */
  readonly flops: number;
  /** Resolves when the device is done. */
  run(): Promise<void>;
}

/** One evaluation of the transformer. */
export async function bundledForward(device: Device): Promise<Workload> {
  const detected = await open("diffusion", "diffusion_models/umbel_tiny_t2v_bf16.safetensors");
  const family = detected.family as DiffusionFamily;
  return workload(device, detected, `DiT forward, ${family.title}`, async (weights) => {
    const { device: on } = weights;
    using latent = filled(on, LATENT);
    using context = filled(on, [TEXT_TOKENS, family.textWidth(detected.config)]);
    const model = family.create(detected.config, weights);
    using flow = model.forward({ latent, timestep: 500, context });
    await on.sync();
    expectSame(flow.shape, LATENT);
  });
}

/** One clip decoded, without reading its frames back. */
export async function bundledDecode(device: Device): Promise<Workload> {
  const detected = await open("vae", "vae/umbel_tiny_vae_bf16.safetensors");
  const family = detected.family as VaeFamily;
  return workload(device, detected, `VAE decode, ${family.title}`, async (weights) => {
    const { device: on } = weights;
    using latent = filled(on, LATENT);
    const vae = family.create(detected.config, weights);
    await vae.decode(latent, () => on.sync());
  });
}

async function open(kind: ModelKind, path: string): Promise<DetectedModel> {
  using file = openCheckpoint(join(BUNDLED_MODELS, path));
  return detectModel(file, await loadFamilies(), kind);
}

async function workload(
  device: Device,
  detected: DetectedModel,
  title: string,
  run: (weights: Weights) => Promise<void>,
): Promise<Workload> {
  const planned = openDevice("null");
  {
    using empty = sourceStore(emptySource(detected.specs.values(), planned));
    await run(empty);
  }
  const options = { scaledType: "f32", matrixType: null } as const;
  const source: WeightSource = checkpointSource(detected, device, options);
  const store = sourceStore(source);
  return {
    title,
    flops: [...planned.flops().values()].reduce((sum, flops) => sum + flops, 0),
    run: () => run(store),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

/** Numbers of about the size of noise. */
function filled(device: Device, shape: readonly number[]) {
  const size = shape.reduce((product, length) => product * length, 1);
  return device.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7) * 1.4),
    shape,
  );
}

function expectSame(found: readonly number[], expected: readonly number[]): void {
  if (found.join() === expected.join()) return;
  throw new Error(`Expected [${expected.join(", ")}], got [${found.join(", ")}].`);
}
