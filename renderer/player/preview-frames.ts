/** An unfinished clip as pictures: RGB frames, all in one buffer, into what a canvas draws. */
import type { PreviewFrames } from "#runtime/protocol/service-events";

/** RGBA of one frame; frames past the end repeat the last. */
export function previewPixels(
  preview: PreviewFrames,
  frame: number,
): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, frames, data } = preview;
  const pixels = width * height;
  const start = Math.max(0, Math.min(frames - 1, frame)) * pixels * 3;
  const out = new Uint8ClampedArray(pixels * 4);
  for (let i = 0; i < pixels; i++) {
    out[i * 4] = data[start + i * 3] ?? 0;
    out[i * 4 + 1] = data[start + i * 3 + 1] ?? 0;
    out[i * 4 + 2] = data[start + i * 3 + 2] ?? 0;
    out[i * 4 + 3] = 255;
  }
  return out;
}
