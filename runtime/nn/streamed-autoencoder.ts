/** A causal video autoencoder that works a video off in pieces: one frame, then a group for each latent frame. */
import { UmbelError } from "#runtime/errors";
import type { VideoAutoencoder, Weights } from "#runtime/sdk/model";
import type { DType } from "#runtime/tensor/layout";
import { cat } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { replace } from "./replace.ts";
import { allRows, type Rows, stripesOf } from "./rows.ts";
import { runSegments, type Segment, VideoStream } from "./video-stream.ts";

export interface StreamedHalves {
  readonly latentChannels: number;
  readonly frameChannels: number;
  /** Pixels of a latent's side, frames of a latent frame. */
  readonly spatial: number;
  readonly temporal: number;
  /** Frames of more pixels than this pass one by one. */
  readonly groupedPixels: number;
  /** Frames of more pixels than this are decoded in stripes, one after the other through the whole video; absent: never. */
  readonly stripePixels?: number;
  /** [1, h, w, latent channels] -> these rows of [n, H, W, frame channels], as they are in whole frames */
  decoder(stream: VideoStream, rows: Rows): readonly Segment[];
  /** The reverse, the mean only. */
  encoder(stream: VideoStream): readonly Segment[];
}

export function streamedAutoencoder(weights: Weights, halves: StreamedHalves): VideoAutoencoder {
  const { latentChannels } = halves;
  return {
    async decode(z, onFrames, onStep) {
      if (z.rank !== 4 || z.shape[0] !== latentChannels || z.numel === 0) {
        throw new UmbelError(
          "ERR_SHAPE",
          `Expected a latent [${latentChannels}, T, h, w], got [${z.shape.join(", ")}].`,
        );
      }
      const [, count = 0, height = 0, width = 0] = z.shape;
      const { spatial, stripePixels = Infinity } = halves;
      const stripes = stripesOf(height * spatial, width * spatial, stripePixels);
      const last = stripes.pop() ?? allRows(height * spatial);
      const above: KeptFrames[][] = [];
      for (const [i, rows] of stripes.entries()) {
        const pieces = decodePieces(halves, weights, z, rows);
        const step = (done: number) => onStep?.((i + done / count) / (stripes.length + 1));
        above.push(await keepPieces(pieces, step));
      }
      let first = 0;
      let index = 0;
      for (const piece of decodePieces(halves, weights, z, last)) {
        const parts = above.map((stripe) => stripe[index]).filter((part) => part !== undefined);
        using frames = joinRows(parts, piece);
        await onFrames(frames, first);
        first += frames.shape[0] ?? 0;
        index++;
      }
    },
    async encode(count, nextFrames) {
      if (!Number.isInteger(count) || count < 1) {
        throw new UmbelError("ERR_SHAPE", `Expected at least one frame to encode, got ${count}.`);
      }
      return encode(halves, weights, count, nextFrames);
    },
  };
}

/** Rows of the frames of one latent frame after the other, [n, rows, W, channels]; the caller frees them. */
function* decodePieces(
  halves: StreamedHalves,
  weights: Weights,
  z: Tensor,
  rows: Rows,
): Generator<Tensor> {
  using stream = new VideoStream(weights);
  const segments = halves.decoder(stream, rows);
  const [, count = 0, height = 0, width = 0] = z.shape;
  const alone = height * width * halves.spatial ** 2 > halves.groupedPixels;
  for (let t = 0; t < count; t++) {
    yield scope(() => {
      const frame = z
        .slice(1, t, t + 1)
        .permute([1, 2, 3, 0])
        .contiguous();
      return runSegments(segments, frame, alone);
    });
  }
}

/** Frames in the host's memory, as they were; no bytes where a run is only planned. */
interface KeptFrames {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly bytes: Uint8Array | null;
}

async function keepPieces(
  pieces: Iterable<Tensor>,
  onKept: (count: number) => void,
): Promise<KeptFrames[]> {
  const kept: KeptFrames[] = [];
  for (const piece of pieces) {
    using frames = piece;
    const { device, shape, dtype } = frames;
    const bytes = device.name === "null" ? null : await frames.readRaw();
    kept.push({ shape, dtype, bytes });
    onKept(kept.length);
  }
  return kept;
}

/** Frees `last`. */
function joinRows(above: readonly KeptFrames[], last: Tensor): Tensor {
  if (above.length === 0) return last;
  return replace(last, () => {
    const { device } = last;
    const parts = above.map(({ shape, dtype, bytes }) =>
      bytes === null ? device.empty(shape, dtype) : device.fromBytes(bytes, shape, dtype),
    );
    return cat([...parts, last], 1);
  });
}

type NextFrames = (first: number, count: number) => Promise<Tensor>;

/** One latent frame for the first frame, then one for each group that is there as a whole. */
async function encode(
  halves: StreamedHalves,
  weights: Weights,
  count: number,
  nextFrames: NextFrames,
): Promise<Tensor> {
  using stream = new VideoStream(weights);
  const segments = halves.encoder(stream);
  const pieces: Tensor[] = [];
  try {
    for (let first = 0, n = 1; first + n <= count; first += n, n = halves.temporal) {
      using frames = await nextFrames(first, n);
      checkFrames(halves, frames, n);
      const pixels = (frames.shape[1] ?? 0) * (frames.shape[2] ?? 0);
      pieces.push(scope(() => runSegments(segments, frames, pixels > halves.groupedPixels)));
      await weights.device.sync();
    }
    return scope(() => cat(pieces, 0).permute([3, 0, 1, 2]).contiguous());
  } finally {
    for (const piece of pieces) piece[Symbol.dispose]();
  }
}

function checkFrames(halves: StreamedHalves, frames: Tensor, count: number): void {
  const { frameChannels, spatial } = halves;
  const [n, height = 0, width = 0, channels] = frames.shape;
  const whole = height % spatial === 0 && width % spatial === 0 && frames.numel > 0;
  if (!whole || frames.rank !== 4 || n !== count || channels !== frameChannels) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected frames [${count}, H, W, ${frameChannels}], H and W multiples of ${spatial}, ` +
        `got [${frames.shape.join(", ")}]. Crop or scale them.`,
    );
  }
}
