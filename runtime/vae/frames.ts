/** Between IMAGE values (0..1) and what autoencoders take and give (-1..1). */
import { affine, clamp } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Device } from "#runtime/tensor/device";
import type { Tensor } from "#runtime/tensor/tensor";
import type { Frames } from "#runtime/sdk/values";

/** [n, H, W, 3] in -1..1 -> values 0..1, clamped. */
export function toImageRange(frames: Tensor): Tensor {
  return scope(() => clamp(affine(frames, 0.5, 0.5), 0, 1));
}

/** Frames first .. first + count as [count, H, W, 3] in -1..1, cropped to a width and height from the middle. */
export function toModelRange(
  device: Device,
  frames: Frames,
  first: number,
  count: number,
  size: { readonly height: number; readonly width: number },
): Tensor {
  const { height, width } = size;
  // A plan needs no values.
  if (device.name === "null") return device.empty([count, height, width, 3]);
  const top = Math.floor((frames.height - height) / 2);
  const left = Math.floor((frames.width - width) / 2);
  const data = new Float32Array(count * height * width * 3);
  let at = 0;
  for (let f = first; f < first + count; f++) {
    for (let y = 0; y < height; y++) {
      let from = ((f * frames.height + top + y) * frames.width + left) * frames.channels;
      for (let x = 0; x < width; x++, from += frames.channels) {
        for (let c = 0; c < 3; c++) data[at++] = (frames.data[from + c] as number) * 2 - 1;
      }
    }
  }
  return device.tensor(data, [count, height, width, 3]);
}
