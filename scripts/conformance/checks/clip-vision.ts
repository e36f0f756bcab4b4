/** CLIP's visual tower: pixels of a picture, and the rows before the last block. */
import { clipPixels, squashedClipPixels } from "#runtime/media/clip-pixels";
import type { Frames } from "#runtime/sdk/values";
import type { Bench, Check } from "../check.ts";
import { relativeError } from "../compare.ts";
import { item, readGolden, type GoldenTensor } from "../golden-file.ts";
import { checkTensors, holdsFamily } from "../models.ts";

export const clipVision: Check = {
  name: "clip-vision",
  computes: true,
  recognises: (folder, bench) => holdsFamily(folder, bench, "clip-vision"),

  async run(folder, bench, cases) {
    if ((await checkTensors(folder, bench, cases, "clip-vision")) === null) return;
    const weights = folder.file("weights.safetensors");
    for (const file of folder.files.filter((name) => /^io.*\.safetensors$/.test(name))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      const pixels = item(golden.get("pixel_values"), 0);
      const frames = picture(golden.get("image"));
      const size = pixels.shape[1] ?? 0;
      if (/comfy/.test(file)) {
        // Bytes may be rounded the other way by one step in one of a thousand.
        const metric = { name: "share of other bytes", bound: 1e-3 };
        await cases.measure(`${file} pixels`, metric, () =>
          otherShare(clipPixels(frames, 0, size, "center"), pixels.values),
        );
      } else {
        await cases.measure(`${file} pixels`, { name: "relative error", bound: 1e-4 }, () =>
          relativeError(squashedClipPixels(frames, size), pixels.values),
        );
      }
      const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
      for (const [name, part] of [
        ["penultimate", 0],
        ["image_embeds", 1],
      ] as const) {
        if (!golden.has(name)) continue;
        await cases.measure(`${file} ${name}`, metric, async () =>
          relativeError((await seen(bench, weights, pixels))[part], golden.get(name).values),
        );
      }
    }
  },
};

/** Bytes [H, W, 3] as a frame. */
export function picture({ shape, values }: GoldenTensor): Frames {
  const [height = 0, width = 0] = shape;
  return { data: values.map((byte) => byte / 255), count: 1, height, width, channels: 3 };
}

/** Rows before the last block, and the embedding. */
export async function seen(
  { manager, device }: Bench,
  weights: string,
  { values, shape }: GoldenTensor,
): Promise<readonly [Float32Array, Float32Array]> {
  const checkpoint = manager.identify(weights, "clip-vision");
  using lease = await manager.clipVision({ kind: "clip-vision", checkpoint });
  using pixels = device.tensor(values, shape);
  const features = lease.instance.forward(pixels);
  using rows = features.penultimate;
  using embedding = features.embedding;
  return [await rows.read(), await embedding.read()];
}

/** Share of values that differ; more than a byte's step counts as all. */
function otherShare(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  // The largest step of a byte after normalising: 1 / 255 over the smallest deviation.
  const step = 1.05 / 255 / 0.2613;
  let count = 0;
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
    if (!(difference <= step)) return Infinity;
    if (difference > 1e-4) count++;
  }
  return count / b.length;
}
