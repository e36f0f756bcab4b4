/** An autoencoder that works tile by tile: less memory, for seams that are blended. */
import { UmbelError } from "#runtime/errors";
import type { LatentGeometry, VideoAutoencoder } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import {
  addTile,
  tileSpans,
  type AxisScale,
  type BlendTarget,
  type TileSpan,
} from "./tile-blend.ts";

/** Overlapping pieces that are computed one by one; all in latent units. */
export interface Tiling {
  /** Edge of a tile, and by how much neighbours overlap. */
  readonly size: number;
  readonly overlap: number;
  /** Latent frames of a piece (2 or more) and their overlap (1 or more); absent: the whole length at once. */
  readonly temporalSize?: number;
  readonly temporalOverlap?: number;
}

/**
 * The same autoencoder in tiles, placed and blended as ComfyUI's VAEDecodeTiled does. Decoding holds the frames of one
 * temporal piece; each piece is decoded as a video of its own. Encoding takes the whole length for each tile and asks
 * for the frames once a tile. Throws ERR_INVALID_ARGUMENT for sizes that cannot be.
 */
export function tiled(
  vae: VideoAutoencoder,
  geometry: LatentGeometry,
  device: Device,
  tiling: Tiling,
): VideoAutoencoder {
  checkTiling(tiling);
  return {
    decode: (latent, onFrames, onStep) =>
      decode({ vae, geometry, device, tiling }, latent, onFrames, onStep),
    encode: (count, nextFrames) => encode({ vae, geometry, device, tiling }, count, nextFrames),
  };
}

interface Tiled {
  readonly vae: VideoAutoencoder;
  readonly geometry: LatentGeometry;
  readonly device: Device;
  readonly tiling: Tiling;
}

function checkTiling({ size, overlap, temporalSize = 1, temporalOverlap = 0 }: Tiling): void {
  const wrong = [size, overlap, temporalSize, temporalOverlap].some((n) => !Number.isInteger(n));
  if (wrong || size < 1 || temporalSize < 1 || overlap < 0 || temporalOverlap < 0) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected tiles of at least 1 and overlaps of at least 0, got ${size} with ${overlap}, ` +
        `${temporalSize} frames with ${temporalOverlap}.`,
    );
  }
}

async function decode(
  { vae, geometry, device, tiling }: Tiled,
  latent: Tensor,
  onFrames: (frames: Tensor, first: number) => Promise<void>,
  onStep?: (share: number) => void,
): Promise<void> {
  const { spatialFactor, temporalFactor } = geometry;
  const [, count = 0, latentHeight = 0, latentWidth = 0] = latent.shape;
  const pixels: AxisScale = { size: (n) => n * spatialFactor, position: (n) => n * spatialFactor };
  // A piece begins with a lone frame where a whole group would be, so neighbours have to overlap.
  const times = tileSpans(
    count,
    Math.max(2, tiling.temporalSize ?? count),
    Math.max(1, tiling.temporalOverlap ?? 1),
    {
      size: (n) => Math.max(0, temporalFactor * (n - 1) + 1),
      position: (n) => temporalFactor * n,
    },
  );
  const ys = tileSpans(latentHeight, tiling.size, tiling.overlap, pixels);
  const xs = tileSpans(latentWidth, tiling.size, tiling.overlap, pixels);
  const [height, width] = [latentHeight * spatialFactor, latentWidth * spatialFactor];
  const frameSize = height * width * 3;

  let tiles = 0;
  let pending = new Float32Array(0);
  for (const [index, time] of times.entries()) {
    const frames = time.weights.length;
    const data = new Float32Array(frames * frameSize);
    data.set(pending);
    const target = { data, shape: [frames, height, width, 3] } as const;
    for (const y of ys) {
      for (const x of xs) {
        using tile = scope(() => cut(latent, time, y, x));
        await vae.decode(tile, (part, first) => blend(target, part, first, [time, y, x]));
        onStep?.(++tiles / (times.length * ys.length * xs.length));
      }
    }
    const done = (times[index + 1]?.to ?? time.to + frames) - time.to;
    for (let first = 0; first < done; first += temporalFactor) {
      const n = Math.min(temporalFactor, done - first);
      const part = data.subarray(first * frameSize, (first + n) * frameSize);
      using whole = device.tensor(part, [n, height, width, 3]);
      await onFrames(whole, time.to + first);
    }
    pending = data.slice(done * frameSize);
  }
}

function cut(latent: Tensor, time: TileSpan, y: TileSpan, x: TileSpan): Tensor {
  return [time, y, x]
    .reduce((part, { from, length }, i) => part.slice(i + 1, from, from + length), latent)
    .contiguous();
}

async function blend(
  target: BlendTarget,
  part: Tensor,
  first: number,
  [time, y, x]: readonly [TileSpan, TileSpan, TileSpan],
): Promise<void> {
  const [count = 0, height = 0, width = 0, channels = 0] = part.shape;
  const tile = { data: await part.read(), shape: [count, height, width, channels] } as const;
  const weights = [time.weights.subarray(first), y.weights, x.weights] as const;
  addTile(target, tile, [first, y.to, x.to], weights);
}

async function encode(
  { vae, geometry, device, tiling }: Tiled,
  count: number,
  nextFrames: (first: number, count: number) => Promise<Tensor>,
): Promise<Tensor> {
  const { spatialFactor: factor, temporalFactor, channels } = geometry;
  const [height, width] = await latentSize(factor, nextFrames);
  const frames = 1 + Math.floor((count - 1) / temporalFactor);
  const same: AxisScale = { size: (n) => n, position: (n) => n };
  const size = frames * height * width * channels;
  const target = {
    data: new Float32Array(size),
    shape: [frames, height, width, channels],
  } as const;
  const [time] = tileSpans(frames, frames, 0, same) as [TileSpan];
  for (const y of tileSpans(height, tiling.size, tiling.overlap, same)) {
    for (const x of tileSpans(width, tiling.size, tiling.overlap, same)) {
      using latent = await vae.encode(count, async (first, n) => {
        using whole = await nextFrames(first, n);
        return scope(() =>
          whole
            .slice(1, y.from * factor, (y.from + y.length) * factor)
            .slice(2, x.from * factor, (x.from + x.length) * factor)
            .contiguous(),
        );
      });
      using channelsLast = scope(() => latent.permute([1, 2, 3, 0]).contiguous());
      await blend(target, channelsLast, 0, [time, y, x]);
    }
  }
  using blended = device.tensor(target.data, target.shape);
  return scope(() => blended.permute([3, 0, 1, 2]).contiguous());
}

/** Height and width of the latent that the frames give. */
async function latentSize(
  factor: number,
  nextFrames: (first: number, count: number) => Promise<Tensor>,
): Promise<[height: number, width: number]> {
  using sample = await nextFrames(0, 1);
  const [, height = 0, width = 0] = sample.shape;
  if (height % factor !== 0 || width % factor !== 0) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected frames whose sizes are multiples of ${factor}, got ${width}x${height}. Crop them.`,
    );
  }
  return [height / factor, width / factor];
}
