/** Clips on the host, between the channels-first order of the files and the runtime's frames. */
import type { VideoAutoencoder } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import type { GoldenTensor } from "./golden-file.ts";

/** [C, ...] -> [..., C] */
export function channelsLast({ shape, values }: GoldenTensor): GoldenTensor {
  const [channels = 1, ...rest] = shape;
  return { shape: [...rest, channels], values: transposed(values, channels) };
}

/** [..., C] -> [C, ...] */
export function channelsFirst({ shape, values }: GoldenTensor): GoldenTensor {
  const channels = shape.at(-1) ?? 1;
  const rest = shape.slice(0, -1);
  return { shape: [channels, ...rest], values: transposed(values, values.length / channels) };
}

/** A matrix of `rows` rows, turned. */
function transposed(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] ?? NaN;
    }
  }
  return result;
}

/** All frames of a latent [C, T, h, w] in the autoencoder's scale: [n, H, W, channels] in -1..1. */
export async function decodeFrames(
  vae: Pick<VideoAutoencoder, "decode">,
  device: Device,
  latent: GoldenTensor,
): Promise<GoldenTensor> {
  using samples = device.tensor(latent.values, latent.shape);
  const parts: Float32Array[] = [];
  let frame: readonly number[] = [];
  await vae.decode(samples, async (frames) => {
    parts.push(await frames.read());
    frame = frames.shape.slice(1);
  });
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  const size = frame.reduce((product, length) => product * length, 1);
  return { shape: [values.length / size, ...frame], values };
}

/** The latent mean of frames [n, H, W, channels] in -1..1. */
export async function encodeFrames(
  vae: VideoAutoencoder,
  device: Device,
  { shape, values }: GoldenTensor,
): Promise<Float32Array> {
  const [count = 0, ...frame] = shape;
  const size = frame.reduce((product, length) => product * length, 1);
  using latent = await vae.encode(count, async (first, n) =>
    device.tensor(values.slice(first * size, (first + n) * size), [n, ...frame]),
  );
  return await latent.read();
}
