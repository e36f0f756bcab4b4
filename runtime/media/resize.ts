/**
 * Resizing as torch's interpolate does it (repository pytorch/pytorch, half-pixel centres), by taps along one axis after
 * the other; `antialiased` filters are stretched when a picture shrinks.
 */
import { UmbelError } from "#runtime/errors";
import type { Frames } from "#runtime/sdk/values";

export const RESIZE_METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"] as const;
export type ResizeMethod = (typeof RESIZE_METHODS)[number];

/** Where a value of the result comes from: places of the source and their weights. */
interface Taps {
  readonly places: Int32Array;
  readonly weights: Float64Array;
}

const MAX_VALUES = 2 ** 31;

/** All frames in another size, values not clipped. Throws ERR_INVALID_ARGUMENT. */
export function resizeFrames(
  frames: Frames,
  width: number,
  height: number,
  method: ResizeMethod,
  antialiased = method === "lanczos",
): Frames {
  const { count, channels } = frames;
  const values = count * Math.max(height, frames.height) * Math.max(width, frames.width) * channels;
  if (!(width >= 1 && height >= 1) || values > MAX_VALUES || frames.height * frames.width === 0) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected ${count} pictures of a size that fits into memory, got ${frames.width}x${frames.height} to ${width}x${height}.`,
    );
  }
  if (width === frames.width && height === frames.height) return frames;
  const across = alongRows(frames, tapsOf(frames.width, width, method, antialiased));
  const result = alongColumns(across, tapsOf(frames.height, height, method, antialiased));
  // ComfyUI's Lanczos works on bytes.
  if (method !== "lanczos") return result;
  const bytes = result.data.map((value) => Math.round(Math.min(1, Math.max(0, value)) * 255) / 255);
  return { ...result, data: bytes };
}

/** The middle part of the aspect that the wanted size has, then resized (ComfyUI's crop "center"). */
export function resizeCropped(
  frames: Frames,
  width: number,
  height: number,
  method: ResizeMethod,
): Frames {
  const [from, to] = [frames.width / frames.height, width / height];
  const x = from > to ? halfEven((frames.width - frames.width * (to / from)) / 2) : 0;
  const y = from < to ? halfEven((frames.height - frames.height * (from / to)) / 2) : 0;
  const part = cropFrames(frames, x, y, frames.width - 2 * x, frames.height - 2 * y);
  return resizeFrames(part, width, height, method);
}

/** A part of each frame; what lies outside is left out, one pixel remains at least. */
export function cropFrames(
  frames: Frames,
  x: number,
  y: number,
  width: number,
  height: number,
): Frames {
  const left = Math.min(x, frames.width - 1);
  const top = Math.min(y, frames.height - 1);
  const [w, h] = [Math.min(width, frames.width - left), Math.min(height, frames.height - top)];
  if (w === frames.width && h === frames.height) return frames;
  const { channels, count } = frames;
  const data = new Float32Array(count * h * w * channels);
  for (let f = 0; f < count; f++) {
    for (let row = 0; row < h; row++) {
      const from = ((f * frames.height + top + row) * frames.width + left) * channels;
      data.set(frames.data.subarray(from, from + w * channels), (f * h + row) * w * channels);
    }
  }
  return { ...frames, data, width: w, height: h };
}

/** Python's round. */
export function halfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function alongRows(frames: Frames, taps: readonly Taps[]): Frames {
  const { count, height, width, channels, data } = frames;
  const out = new Float32Array(count * height * taps.length * channels);
  let at = 0;
  for (let row = 0; row < count * height; row++) {
    for (const { places, weights } of taps) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let i = 0; i < places.length; i++)
          sum += weights[i]! * data[(row * width + places[i]!) * channels + c]!;
        out[at++] = sum;
      }
    }
  }
  return { ...frames, data: out, width: taps.length };
}

function alongColumns(frames: Frames, taps: readonly Taps[]): Frames {
  const { count, height, width, channels, data } = frames;
  const row = width * channels;
  const out = new Float32Array(count * taps.length * row);
  for (let f = 0; f < count; f++) {
    for (const [y, { places, weights }] of taps.entries()) {
      const to = (f * taps.length + y) * row;
      for (let x = 0; x < row; x++) {
        let sum = 0;
        for (let i = 0; i < places.length; i++)
          sum += weights[i]! * data[(f * height + places[i]!) * row + x]!;
        out[to + x] = sum;
      }
    }
  }
  return { ...frames, data: out, height: taps.length };
}

function tapsOf(from: number, to: number, method: ResizeMethod, antialiased: boolean): Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i): Taps => {
    switch (method) {
      case "nearest-exact":
        return tap([Math.min(from - 1, Math.floor((i + 0.5) * scale))], [1]);
      case "area": {
        const [start, end] = [Math.floor(i * scale), Math.ceil((i + 1) * scale)];
        const places = Array.from({ length: end - start }, (_unused, j) => start + j);
        return tap(
          places,
          places.map(() => 1 / places.length),
        );
      }
      case "bilinear":
        return antialiased
          ? stretched(i, from, scale, 1, (x) => Math.max(0, 1 - x))
          : neighbours(Math.max(0, (i + 0.5) * scale - 0.5), from, 2, (x) => Math.max(0, 1 - x));
      case "bicubic":
        return antialiased
          ? stretched(i, from, scale, 2, (x) => cubic(x, -0.5))
          : neighbours((i + 0.5) * scale - 0.5, from, 4, (x) => cubic(x, -0.75));
      case "lanczos":
        return stretched(i, from, scale, 3, (x) => (x >= 3 ? 0 : sinc(x) * sinc(x / 3)));
    }
  });
}

function tap(places: readonly number[], weights: readonly number[]): Taps {
  return { places: Int32Array.from(places), weights: Float64Array.from(weights) };
}

/** `count` places around a position; those outside are the border's. */
function neighbours(
  position: number,
  from: number,
  count: number,
  kernel: (distance: number) => number,
): Taps {
  const first = Math.floor(position) - count / 2 + 1;
  const places = Array.from({ length: count }, (_, i) => first + i);
  return tap(
    places.map((place) => Math.min(from - 1, Math.max(0, place))),
    places.map((place) => kernel(Math.abs(position - place))),
  );
}

/** All places under a kernel that is as wide as what it stands for; places outside are left out. */
function stretched(
  index: number,
  from: number,
  scale: number,
  support: number,
  kernel: (distance: number) => number,
): Taps {
  const width = Math.max(1, scale);
  const centre = (index + 0.5) * scale;
  const first = Math.max(0, Math.trunc(centre - support * width + 0.5));
  const end = Math.min(from, Math.trunc(centre + support * width + 0.5));
  const places = Array.from({ length: end - first }, (_, i) => first + i);
  const weights = places.map((place) => kernel(Math.abs(place - centre + 0.5) / width));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return tap(
    places,
    weights.map((weight) => weight / sum),
  );
}

function cubic(x: number, a: number): number {
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
