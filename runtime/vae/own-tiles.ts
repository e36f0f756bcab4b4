/**
 * Decoding in the tiles that an autoencoder's authors use by default (HunyuanVideo repository, AutoencoderKLCausal3D):
 * pieces in time, each in tiles, and every one blended over the end of the one before it.
 */
import type { DecodeTiles, LatentGeometry, VideoAutoencoder } from "#runtime/sdk/model";
import { add, cat, copy, mul } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

/** Decodes in `vae.tiles` where a clip is larger than one; without them, or when it is not, as a whole. */
export function inOwnTiles(
  vae: VideoAutoencoder,
  geometry: LatentGeometry,
): Pick<VideoAutoencoder, "decode"> {
  const { tiles } = vae;
  if (tiles === undefined) return vae;
  return {
    async decode(latent, onFrames, onStep) {
      const [, count = 0, height = 0, width = 0] = latent.shape;
      const isLarge = Math.max(height, width) > tiles.size;
      if (!isLarge && count <= tiles.frames) return vae.decode(latent, onFrames, onStep);
      const stride = Math.trunc(tiles.frames * (1 - tiles.overlap));
      const blended = Math.trunc(tiles.frames * geometry.temporalFactor * tiles.overlap);
      const kept = tiles.frames * geometry.temporalFactor - blended;
      let end: Tensor | null = null;
      let done = 0;
      try {
        for (let first = 0; first < count; first += stride) {
          // One latent frame more than a tile: its first frame stands for the four that a group has.
          const last = Math.min(count, first + tiles.frames + 1);
          using piece = scope(() => latent.slice(1, first, last).contiguous());
          using whole = await decodePiece({ vae, geometry, tiles }, piece, (share) =>
            onStep?.(Math.min(1, (first + share * stride) / count)),
          );
          using clip = scope(() => {
            const counted = whole.slice(0, first === 0 ? 0 : 1);
            return end === null ? counted : blend(end, counted, 0, blended);
          });
          whole[Symbol.dispose]();
          const length = clip.shape[0] ?? 0;
          const frames = Math.min(length, first === 0 ? kept + 1 : kept);
          if (frames > 0) {
            using part = clip.slice(0, 0, frames);
            await onFrames(part, done);
          }
          done += frames;
          end?.[Symbol.dispose]();
          end = null;
          end = scope(() => copy(clip.slice(0, Math.max(0, length - blended))));
        }
      } finally {
        end?.[Symbol.dispose]();
      }
    },
  };
}

interface Tiled {
  readonly vae: VideoAutoencoder;
  readonly geometry: LatentGeometry;
  readonly tiles: DecodeTiles;
}

/** All frames of a piece, in tiles where it is larger than one; the caller frees them. */
async function decodePiece(
  { vae, geometry, tiles }: Tiled,
  latent: Tensor,
  onStep: (share: number) => void,
): Promise<Tensor> {
  const [, , height = 0, width = 0] = latent.shape;
  if (Math.max(height, width) <= tiles.size) return decodeWhole(vae, latent, (clip) => clip);
  const { spatialFactor } = geometry;
  const stride = Math.trunc(tiles.size * (1 - tiles.overlap));
  const blended = Math.trunc(tiles.size * spatialFactor * tiles.overlap);
  const kept = tiles.size * spatialFactor - blended;
  const tileCount = Math.ceil(height / stride) * Math.ceil(width / stride);
  let done = 0;
  const rows: Tensor[] = [];
  let above: Tensor[] = [];
  let row: Tensor[] = [];
  try {
    for (let y = 0; y < height; y += stride) {
      for (let x = 0, j = 0; x < width; x += stride, j++) {
        using tile = scope(() =>
          latent
            .slice(2, y, Math.min(height, y + tiles.size))
            .slice(3, x, Math.min(width, x + tiles.size))
            .contiguous(),
        );
        const [upper, left] = [above[j], row[j - 1]];
        const clip = await decodeWhole(vae, tile, (frames) => {
          const below = upper === undefined ? frames : blend(upper, frames, 1, blended);
          return left === undefined ? below : blend(left, below, 2, blended);
        });
        row.push(clip);
        await latent.device.sync();
        onStep(++done / tileCount);
      }
      rows.push(
        scope(() => {
          const seen = row.map((clip) => atMost(atMost(clip, 1, kept), 2, kept));
          return atMost(cat(seen, 2), 2, width * spatialFactor);
        }),
      );
      freeAll(above);
      [above, row] = [row, []];
    }
    return scope(() =>
      cat(rows, 1)
        .slice(1, 0, height * spatialFactor)
        .contiguous(),
    );
  } finally {
    for (const list of [rows, above, row]) freeAll(list);
  }
}

function freeAll(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) tensor[Symbol.dispose]();
}

/** What becomes of all frames of a latent. */
async function decodeWhole(
  vae: VideoAutoencoder,
  latent: Tensor,
  next: (frames: Tensor) => Tensor,
): Promise<Tensor> {
  const parts: Tensor[] = [];
  try {
    await vae.decode(latent, async (frames) => void parts.push(frames.slice(0, 0)));
    return scope(() => next(parts.length === 1 ? parts[0]!.slice(0, 0) : cat(parts, 0)));
  } finally {
    freeAll(parts);
  }
}

/** The first points along an axis. */
function atMost(x: Tensor, axis: number, count: number): Tensor {
  return x.slice(axis, 0, Math.min(count, x.shape[axis] ?? 0));
}

/** `after` with another beginning along an axis: point i of n counts i / n, the end of `before` the rest. */
function blend(before: Tensor, after: Tensor, axis: 0 | 1 | 2, extent: number): Tensor {
  const length = after.shape[axis] ?? 0;
  const n = Math.min(before.shape[axis] ?? 0, length, extent);
  if (n <= 0) return after;
  const ramp = (value: (i: number) => number): Tensor => {
    const shape = [1, 1, 1, 1].map((one, i) => (i === axis ? n : one));
    return after.device.tensor(
      Float32Array.from({ length: n }, (_, i) => value(i)),
      shape,
    );
  };
  const start = add(
    mul(
      before.slice(axis, -n),
      ramp((i) => 1 - i / n),
    ),
    mul(
      after.slice(axis, 0, n),
      ramp((i) => i / n),
    ),
    after.dtype,
  );
  return n === length ? start : cat([start, after.slice(axis, n)], axis);
}
