/** Pictures as CLIP's visual towers see them. */
import type { Frames } from "#runtime/sdk/values";
import { cropFrames, halfEven, resizeFrames } from "./resize.ts";

const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/**
 * Frame `index` as [3, size, size]: the shorter side resized by antialiased bicubic and the middle cut out ("center"), or
 * squashed ("none"), rounded to bytes and normalised, as ComfyUI does.
 */
export function clipPixels(
  frames: Frames,
  index: number,
  size: number,
  crop: "center" | "none",
): Float32Array {
  const { width, height, channels } = frames;
  const length = height * width * channels;
  const data = frames.data.subarray(index * length, (index + 1) * length);
  const scale = size / Math.min(width, height);
  const [w, h] =
    crop === "center" ? [halfEven(scale * width), halfEven(scale * height)] : [size, size];
  const resized = resizeFrames({ ...frames, data, count: 1 }, w, h, "bicubic", true);
  const [x, y] = [Math.floor((w - size) / 2), Math.floor((h - size) / 2)];
  return normalised(cropFrames(resized, x, y, size, size), true);
}

/**
 * The same as the Wan2.1 repository does it: squashed by bicubic without antialiasing, values neither clipped nor rounded.
 */
export function squashedClipPixels(frames: Frames, size: number): Float32Array {
  return normalised(resizeFrames(frames, size, size, "bicubic"), false);
}

function normalised({ data, width, height, channels }: Frames, asBytes: boolean): Float32Array {
  const plane = width * height;
  const pixels = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) {
      const value = data[i * channels + c] ?? 0;
      const shown = asBytes ? halfEven(Math.min(255, Math.max(0, 255 * value))) / 255 : value;
      pixels[c * plane + i] = (shown - (MEAN[c] ?? 0)) / (DEVIATION[c] ?? 1);
    }
  }
  return pixels;
}
