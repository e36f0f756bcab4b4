/** What is timed of whole models. Every row gives the seconds of each round, so that the first can be told from the rest. */
import type { BlockMask } from "#runtime/attention/block-mask";
import { density } from "#runtime/attention/csr";
import { planMask } from "#runtime/attention/plan";
import { detectModel } from "#runtime/engine/models/detect";
import type { AnyFamily } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import { checkpointSource } from "#runtime/engine/models/weight-source";
import { sourceStore } from "#runtime/engine/models/weight-store";
import { latentNoise } from "#runtime/sampling/noise";
import { DENSE, type AttentionSettings } from "#runtime/sdk/attention-settings";
import type { LatentGeometry } from "#runtime/sdk/model";
import { modelRecipe } from "#runtime/sdk/recipes";
import type { ModelRecipe } from "#runtime/sdk/values";
import type { Device } from "#runtime/tensor/device";
import { countElements } from "#runtime/tensor/layout";
import { NullDevice } from "#runtime/tensor/null-device";
import { cat, copy } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";
import { scope } from "#runtime/tensor/scope";
import { inOwnTiles } from "#runtime/vae/own-tiles";
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
  /** Rows of the prompt's embedding. */
  readonly textTokens: number;
  readonly weightType: ModelRecipe["weightType"];
  /** Bytes of the device that may be used, where it has memory of its own. */
  readonly deviceLimit?: number;
}

export interface RowFigures {
  /** Of each round in turn; the first one also loads weights. */
  readonly seconds: readonly number[];
  readonly peakBytes: number;
  readonly details: Readonly<Record<string, number>>;
}

/** One prediction of the transformer at batch 1, by dense or radial attention. */
export async function forward(
  context: RowContext,
  settings: AttentionSettings,
): Promise<RowFigures> {
  const { device, manager, files, textTokens } = context;
  const checkpoint = manager.identify(files.diffusion, "diffusion");
  using lease = await manager.diffusion(modelRecipe(checkpoint, context.weightType));
  const shape = latentShape(lease.family.latent, context.size);
  const grid = lease.tokenGrid(shape);
  const mask = planMask({ settings, grid, kind: lease.family.maskKind });
  const width = textWidth(context);
  using latent = device.tensor(latentNoise([1, ...shape], 1n), shape);
  using text = device.tensor(latentNoise([1, 1, textTokens, width], 2n), [textTokens, width]);
  const figures = await timed(context, () => {
    const input = { latent, timestep: 900, context: text };
    scope(() => {
      lease.instance.forward({ ...input, ...(mask === null ? {} : { attention: () => mask }) });
    });
  });
  const input = { latent, timestep: 900, context: text };
  using result = lease.instance.forward({
    ...input,
    ...(mask === null ? {} : { attention: () => mask }),
  });
  // Equal with and without a budget: streamed blocks give the same bytes.
  const outputSum = (await result.read()).reduce((sum, value) => sum + Math.abs(value), 0);
  const tokens = grid.frames * grid.height * grid.width;
  const planned = await plannedForward(context, shape, mask);
  const details = { outputSum, tokens, density: mask === null ? 1 : density(mask), ...planned };
  return {
    ...figures,
    details:
      planned === null
        ? details
        : { ...details, peakOverPlan: figures.peakBytes / planned.plannedBytes },
  };
}

const STEADY_PASSES = 10;
/** A size at which hardly more than the weights counts. */
const SMALL: VideoSize = { width: 256, height: 256, frames: 1 };

/** Ten equal predictions behind the loading of the weights: how much longer the first takes than the tenth. */
export async function steady(
  context: RowContext,
  settings: AttentionSettings,
): Promise<RowFigures> {
  await forward({ ...context, size: SMALL, rounds: 0 }, DENSE);
  const { details, ...figures } = await forward(
    { ...context, rounds: STEADY_PASSES - 1 },
    settings,
  );
  const first = figures.seconds[0] ?? NaN;
  const tenth = figures.seconds[STEADY_PASSES - 1] ?? NaN;
  return { ...figures, details: { ...details, firstOverTenth: first / tenth } };
}

/** What the same passes take by plan; null on a device that shares the host's memory. */
async function plannedForward(
  { families, files, weightType, deviceLimit, rounds, textTokens }: RowContext,
  shape: readonly number[],
  mask: BlockMask | null,
): Promise<{ plannedBytes: number } | null> {
  if (deviceLimit === undefined) return null;
  const device = new NullDevice({ like: "cuda" });
  const manager = new ModelManager({ device, families, deviceLimit });
  const checkpoint = manager.identify(files.diffusion, "diffusion");
  {
    using lease = await manager.diffusion(modelRecipe(checkpoint, weightType));
    using latent = device.tensor(new Float32Array(countElements(shape)), shape);
    using text = device.empty([textTokens, textWidth({ files, families })]);
    for (let round = 0; round < Math.min(2, rounds); round++) {
      const input = { latent, timestep: 900, context: text };
      scope(() => {
        lease.instance.forward({ ...input, ...(mask === null ? {} : { attention: () => mask }) });
      });
    }
  }
  manager.release();
  return { plannedBytes: device.memory().peakBytes };
}

/** Every weight of the transformer from its file to the device; all rounds but the first from the system's cache. */
export async function load(context: RowContext): Promise<RowFigures> {
  const { device, families, files } = context;
  using file = openCheckpoint(files.diffusion);
  const detected = detectModel(file, families, "diffusion");
  const source = checkpointSource(detected, device, { scaledType: "f32", matrixType: null });
  let bytes = 0;
  const figures = await timed(context, async () => {
    using store = sourceStore(source);
    // An op on each brings it there; its result is small.
    for (const name of source.names())
      scope(() => void copy(store.get(name).reshape([-1]).slice(0, 0, 1)));
    await device.sync();
    bytes = store.bytes;
  });
  const [best = NaN] = figures.seconds.slice(1).toSorted((a, b) => a - b);
  return { ...figures, details: { bytes, gigabytesPerSecond: bytes / best / 1e9 } };
}

/** Latent to frames, in the tiles that nodes decode in. */
export async function decode(context: RowContext): Promise<RowFigures> {
  const { device, manager, files, size } = context;
  using lease = await manager.vae({
    kind: "vae",
    checkpoint: manager.identify(files.vae, "vae"),
  });
  const shape = latentShape(lease.family.latent, size);
  using latent = device.tensor(latentNoise([1, ...shape], 1n), shape);
  const decoder = inOwnTiles(lease.instance, lease.family.latent);
  return await timed(context, () => decoder.decode(latent, () => device.sync()));
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
  const { manager, files, textTokens } = context;
  const checkpoint = manager.identify(files.encoder, "text-encoder");
  using lease = await manager.textEncoder({ kind: "clip", checkpoint, loras: [] });
  const ids = Int32Array.from({ length: textTokens }, (_, i) => 3 + (i % 100));
  return await timed(context, () => scope(() => void lease.instance.forward(ids)));
}

function latentShape(
  { channels, spatialFactor, temporalFactor }: LatentGeometry,
  { width, height, frames }: VideoSize,
): number[] {
  const latentFrames = Math.floor((frames - 1) / temporalFactor) + 1;
  return [channels, latentFrames, height / spatialFactor, width / spatialFactor];
}

function textWidth({ files, families }: Pick<RowContext, "files" | "families">): number {
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
