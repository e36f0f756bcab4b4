/** What CLIP vision sees in pictures, and how ComfyUI-WanVideoWrapper makes one description of several. */
import type { ClipVisionModel } from "#runtime/sdk/model";
import type { HostTensor } from "#runtime/sdk/values";
import type { Device } from "#runtime/tensor/device";
import { joinRows } from "./known-frames.ts";

/** Rows before the last block for each of so many pictures, [rows, width]. `pixelsOf` gives one as the model takes it. */
export async function seePictures(
  device: Device,
  model: ClipVisionModel,
  count: number,
  pixelsOf: (index: number, size: number) => Float32Array,
): Promise<HostTensor[]> {
  const { imageSize } = model;
  const seen: HostTensor[] = [];
  for (let i = 0; i < count; i++) {
    using pixels = device.tensor(pixelsOf(i, imageSize), [3, imageSize, imageSize]);
    const { penultimate, embedding } = model.forward(pixels);
    using rows = penultimate;
    embedding[Symbol.dispose]();
    seen.push({ data: await rows.read(), shape: rows.shape });
  }
  return seen;
}

/** One description of several, each times its strength: their mean, their sum, or all rows one after the other. */
export function combineSeen(
  seen: readonly HostTensor[],
  strengths: readonly number[],
  how: "average" | "sum" | "concat",
): HostTensor {
  const scaled = seen.map(({ data, shape }, i) => {
    const strength = strengths[i] ?? 1;
    return { data: strength === 1 ? data : data.map((value) => value * strength), shape };
  });
  const divisor = how === "average" ? scaled.length : 1;
  const all = scaled.reduce((sum, one) =>
    how === "concat"
      ? joinRows(sum, one)
      : { ...sum, data: sum.data.map((value, i) => value + (one.data[i] ?? 0)) },
  );
  return divisor === 1 ? all : { ...all, data: all.data.map((value) => value / divisor) };
}
