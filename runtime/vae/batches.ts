/** Parts and repetitions of clips and latents. */
import type { Frames, Latent } from "#runtime/sdk/values";

/** At most `count` frames from the beginning. */
export function firstFrames(frames: Frames, count: number): Frames {
  if (frames.count <= count) return frames;
  const size = frames.data.length / frames.count;
  return { ...frames, data: frames.data.subarray(0, count * size), count };
}

/** At most `count` frames from the end. */
export function lastFrames(frames: Frames, count: number): Frames {
  if (frames.count <= count) return frames;
  const size = frames.data.length / frames.count;
  return { ...frames, data: frames.data.subarray((frames.count - count) * size), count };
}

/** A latent of one item as a batch of equal ones; the mask is one for all. */
export function repeatLatent(latent: Latent, count: number): Latent {
  if (count === 1) return latent;
  const { data, shape } = latent.samples;
  const all = new Float32Array(data.length * count);
  for (let i = 0; i < count; i++) all.set(data, i * data.length);
  return { ...latent, samples: { data: all, shape: [count, ...shape.slice(1)] } };
}

/** A batch of empty latents of Wan 2.1's kind: an eighth of the size, a quarter of the frames. */
export function emptyLatent(batch: number, width: number, height: number, length: number): Latent {
  const frames = Math.floor((length - 1) / 4) + 1;
  const shape = [batch, 16, frames, Math.floor(height / 8), Math.floor(width / 8)];
  const count = shape.reduce((product, extent) => product * extent, 1);
  return { samples: { data: new Float32Array(count), shape } };
}
