/** What is timed of whole models. Every row gives the seconds of each round, so that the first can be told from the rest. */
import { density } from "#runtime/attention/csr";
import { planMask } from "#runtime/attention/plan";
import { detectModel } from "#runtime/engine/models/detect";
import type { AnyFamily } from "#runtime/engine/models/families";
import type { ModelManager } from "#runtime/engine/models/manager";
import { latentNoise } from "#runtime/sampling/noise";
import type { AttentionSettings } from "#runtime/sdk/attention-settings";
import type { LatentGeometry } from "#runtime/sdk/model";
import { modelRecipe } from "#runtime/sdk/recipes";
import type { ModelRecipe } from "#runtime/sdk/values";
import type { Device } from "#runtime/tensor/device";
import { cat } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";
import { scope } from "#runtime/tensor/scope";
import { openCheckpoint } from "#runtime/weights/checkpoint";

export interface ModelFiles {
  readonly diffusion: string;
  readonly encoder: string;
  readonly vae: string;
  readonly lora?: string;
}

export interface VideoSize {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

export interface RowContext {
  readonly device: Device;
  readonly families: readonly AnyFamily[];
  readonly manager: ModelManager;
  readonly files: ModelFiles;
  readonly size: VideoSize;
  readonly rounds: number;
  readonly weightType: ModelRecipe["weightType"];
}

export interface RowFigures {
  /** Of each round in turn; the first one also loads weights. */
  readonly seconds: readonly number[];
  readonly peakBytes: number;
  readonly details: Readonly<Record<string, number>>;
}

/** The published settings of Wan 2.1, in every layer. */
export const RADIAL: AttentionSettings = {
  kind: "radial",
  denseLayers: 0,
  denseSteps: 0,
  decayFactor: 0.2,
  blockSize: 128,
};
const TEXT_TOKENS = 512;

/** One prediction of the transformer at batch 1, by dense or radial attention. */
export async function forward(
  context: RowContext,
  settings: AttentionSettings,
): Promise<RowFigures> {
  const { device, manager, files } = context;
  const checkpoint = manager.identify(files.diffusion, "diffusion");
  using lease = await manager.diffusion(modelRecipe(checkpoint, context.weightType));
  const shape = latentShape(lease.family.latent, context.size);
  const grid = lease.tokenGrid(shape);
  const mask = planMask({ settings, grid, kind: lease.family.maskKind });
  const width = textWidth(context);
  using latent = device.tensor(latentNoise([1, ...shape], 1n), shape);
  using text = device.tensor(latentNoise([1, 1, TEXT_TOKENS, width], 2n), [TEXT_TOKENS, width]);
  const figures = await timed(context, () => {
    const input = { latent, timestep: 900, context: text };
    scope(() => {
      lease.instance.forward({ ...input, ...(mask === null ? {} : { attention: () => mask }) });
    });
  });
  const tokens = grid.frames * grid.height * grid.width;
  return { ...figures, details: { tokens, density: mask === null ? 1 : density(mask) } };
}

/** Latent to frames. */
export async function decode(context: RowContext): Promise<RowFigures> {
  const { device, manager, files, size } = context;
  using lease = await manager.vae({
    kind: "vae",
    checkpoint: manager.identify(files.vae, "vae"),
  });
  const shape = latentShape(lease.family.latent, size);
  using latent = device.tensor(latentNoise([1, ...shape], 1n), shape);
  return await timed(context, () => lease.instance.decode(latent, () => device.sync()));
}

/** Frames to latent. */
export async function encode(context: RowContext): Promise<RowFigures> {
  const { device, manager, files, size } = context;
  const checkpoint = manager.identify(files.vae, "vae");
  using lease = await manager.vae({ kind: "vae", checkpoint });
  const { width, height, frames } = size;
  const shape = (count: number) => [count, height, width, 3];
  const values = latentNoise([1, ...shape(1)], 1n);
  using frame = device.tensor(values, shape(1));
  return await timed(context, async () => {
    const next = async (_first: number, count: number) =>
      scope(() => cat(Array<Tensor>(count).fill(frame), 0));
    using latent = await lease.instance.encode(frames, next);
    if (latent.numel === 0) throw new Error("Expected a latent, got nothing.");
  });
}

/** Token ids to text embeddings. */
export async function encodeText(context: RowContext): Promise<RowFigures> {
  const { manager, files } = context;
  const checkpoint = manager.identify(files.encoder, "text-encoder");
  using lease = await manager.textEncoder({ kind: "clip", checkpoint, loras: [] });
  const ids = Int32Array.from({ length: TEXT_TOKENS }, (_, i) => 3 + (i % 100));
  return await timed(context, () => scope(() => void lease.instance.forward(ids)));
}

function latentShape(
  { channels, spatialFactor, temporalFactor }: LatentGeometry,
  { width, height, frames }: VideoSize,
): number[] {
  const latentFrames = Math.floor((frames - 1) / temporalFactor) + 1;
  return [channels, latentFrames, height / spatialFactor, width / spatialFactor];
}

function textWidth({ files, families }: RowContext): number {
  using file = openCheckpoint(files.diffusion);
  const { family, config } = detectModel(file, families, "diffusion");
  if (family.kind !== "diffusion") throw new Error(`Expected a diffusion model in ${file.path}.`);
  return family.textWidth(config);
}

async function timed(
  { device, rounds }: RowContext,
  run: () => void | Promise<void>,
): Promise<RowFigures> {
  await device.sync();
  device.resetPeak();
  const seconds: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    await run();
    await device.sync();
    seconds.push((performance.now() - start) / 1000);
  }
  return { seconds, peakBytes: device.memory().peakBytes, details: {} };
}
