/**
 * Decoding in the tiles that an autoencoder's authors use by default (HunyuanVideo repository, AutoencoderKLCausal3D):
 * pieces in time, each in tiles, and every one blended over the end of the one before it.
 */
import type { DecodeTiles, LatentGeometry, VideoAutoencoder } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

/** Frames on the host, [count, height, width, channels]; no data where a run is only planned. */
interface Clip {
  readonly data: Float32Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
}

/** Decodes in `vae.tiles` where a clip is larger than one; without them, or when it is not, as a whole. */
export function inOwnTiles(
  vae: VideoAutoencoder,
  geometry: LatentGeometry,
  device: Device,
): Pick<VideoAutoencoder, "decode"> {
  const { tiles } = vae;
  if (tiles === undefined) return vae;
  return {
    async decode(latent, onFrames) {
      const [, count = 0, height = 0, width = 0] = latent.shape;
      const isLarge = Math.max(height, width) > tiles.size;
      if (!isLarge && count <= tiles.frames) return vae.decode(latent, onFrames);
      const stride = Math.trunc(tiles.frames * (1 - tiles.overlap));
      const blended = Math.trunc(tiles.frames * geometry.temporalFactor * tiles.overlap);
      const kept = tiles.frames * geometry.temporalFactor - blended;
      let before: Clip | null = null;
      let done = 0;
      for (let first = 0; first < count; first += stride) {
        // One latent frame more than a tile: its first frame stands for the four that a group has.
        const last = Math.min(count, first + tiles.frames + 1);
        using piece = scope(() => latent.slice(1, first, last).contiguous());
        const whole = await decodePiece({ vae, geometry, tiles }, piece);
        const clip: Clip = first === 0 ? whole : withoutFirst(whole);
        if (before !== null) blend(before, clip, 0, blended);
        const frames = Math.min(clip.shape[0], first === 0 ? kept + 1 : kept);
        await handOut(device, clip, frames, done, onFrames);
        done += frames;
        before = clip;
      }
    },
  };
}

interface Tiled {
  readonly vae: VideoAutoencoder;
  readonly geometry: LatentGeometry;
  readonly tiles: DecodeTiles;
}

/** All frames of a piece, in tiles where it is larger than one. */
async function decodePiece({ vae, geometry, tiles }: Tiled, latent: Tensor): Promise<Clip> {
  const [, count = 0, height = 0, width = 0] = latent.shape;
  if (Math.max(height, width) <= tiles.size) return decodeWhole(vae, latent);
  const { spatialFactor, temporalFactor } = geometry;
  const stride = Math.trunc(tiles.size * (1 - tiles.overlap));
  const blended = Math.trunc(tiles.size * spatialFactor * tiles.overlap);
  const kept = tiles.size * spatialFactor - blended;
  const frames = temporalFactor * (count - 1) + 1;
  const size = [height * spatialFactor, width * spatialFactor] as const;
  const isPlan = latent.device.name === "null";
  const data = new Float32Array(isPlan ? 0 : frames * size[0] * size[1] * 3);
  const target: Clip = { data, shape: [frames, ...size, 3] };
  let above: Clip[] = [];
  for (let y = 0, i = 0; y < height; y += stride, i++) {
    const row: Clip[] = [];
    for (let x = 0, j = 0; x < width; x += stride, j++) {
      using tile = scope(() =>
        latent
          .slice(2, y, Math.min(height, y + tiles.size))
          .slice(3, x, Math.min(width, x + tiles.size))
          .contiguous(),
      );
      const clip = await decodeWhole(vae, tile);
      const upper = above[j];
      const left = row[j - 1];
      if (upper !== undefined) blend(upper, clip, 1, blended);
      if (left !== undefined) blend(left, clip, 2, blended);
      place(target, clip, i * kept, j * kept, kept);
      row.push(clip);
    }
    above = row;
  }
  return target;
}

async function decodeWhole(vae: VideoAutoencoder, latent: Tensor): Promise<Clip> {
  const parts: Float32Array[] = [];
  let count = 0;
  let frame: readonly number[] = [];
  await vae.decode(latent, async (frames) => {
    const [n = 0, ...rest] = frames.shape;
    if (latent.device.name !== "null") parts.push(await frames.read());
    count += n;
    frame = rest;
  });
  const [height = 0, width = 0, channels = 0] = frame;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { data, shape: [count, height, width, channels] };
}

function withoutFirst({ data, shape: [count, ...frame] }: Clip): Clip {
  const size = frame[0] * frame[1] * frame[2];
  return { data: data.subarray(size), shape: [count - 1, ...frame] };
}

/** Changes the beginning of `after` along an axis: point i of n counts i / n, the end of `before` the rest. */
function blend(before: Clip, after: Clip, axis: 0 | 1 | 2, extent: number): void {
  if (after.data.length === 0) return;
  const n = Math.min(before.shape[axis], after.shape[axis], extent);
  const inner = after.shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  const outer = after.shape.slice(0, axis).reduce((product, length) => product * length, 1);
  const [from, to] = [before.shape[axis], after.shape[axis]];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < n; i++) {
      const share = i / n;
      let source = (o * from + from - n + i) * inner;
      const start = (o * to + i) * inner;
      for (let at = start; at < start + inner; at++, source++) {
        after.data[at] = before.data[source]! * (1 - share) + after.data[at]! * share;
      }
    }
  }
}

/** Copies the first `kept` rows and columns of a tile to (top, left). */
function place(target: Clip, { data, shape }: Clip, top: number, left: number, kept: number): void {
  const [count, height, width, channels] = shape;
  const [, rows, columns] = target.shape;
  const lines = Math.min(height, kept, rows - top);
  const length = Math.min(width, kept, columns - left) * channels;
  if (length <= 0 || data.length === 0) return;
  for (let f = 0; f < count; f++) {
    for (let y = 0; y < lines; y++) {
      const from = (f * height + y) * width * channels;
      const to = ((f * rows + top + y) * columns + left) * channels;
      target.data.set(data.subarray(from, from + length), to);
    }
  }
}

async function handOut(
  device: Device,
  { data, shape: [, height, width, channels] }: Clip,
  frames: number,
  first: number,
  onFrames: (frames: Tensor, first: number) => Promise<void>,
): Promise<void> {
  if (frames === 0) return;
  const shape = [frames, height, width, channels];
  const size = frames * height * width * channels;
  using tensor =
    data.length === 0 ? device.empty(shape) : device.tensor(data.subarray(0, size), shape);
  await onFrames(tensor, first);
}
