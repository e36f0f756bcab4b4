/**
 * RGB to planar YUV 4:2:0, BT.709, limited range (Y 16..235, chroma 16..240): chroma is the mean of each 2x2 block
 * (centre siting). Odd sizes are padded to even by repeating the last row and column.
 */
import type { Frames } from "#runtime/sdk/values";

const KR = 0.2126;
const KB = 0.0722;
const KG = 1 - KR - KB;
const CB = 224 / (2 * (1 - KB));
const CR = 224 / (2 * (1 - KR));

export interface I420 {
  readonly data: Uint8Array;
  /** Even. */
  readonly width: number;
  readonly height: number;
}

/** One frame as I420; values outside 0..1 are clamped. */
export function frameToI420(frames: Frames, index: number): I420 {
  const { width: w, height: h, channels } = frames;
  const width = w + (w % 2);
  const height = h + (h % 2);
  const data = new Uint8Array((width * height * 3) / 2);
  const start = index * h * w * channels;
  const cbStart = width * height;
  const crStart = cbStart + cbStart / 4;
  const rgb = frames.data;
  let chroma = 0;
  for (let y = 0; y < height; y += 2) {
    const row0 = start + y * w * channels;
    const row1 = y + 1 < h ? row0 + w * channels : row0;
    for (let x = 0; x < width; x += 2) {
      const right = x + 1 < w ? channels : 0;
      let cb = 0;
      let cr = 0;
      for (let k = 0; k < 4; k++) {
        const at = (k < 2 ? row0 : row1) + x * channels + (k % 2) * right;
        const r = clamp(rgb[at] as number);
        const g = clamp(rgb[at + 1] as number);
        const b = clamp(rgb[at + 2] as number);
        const luma = KR * r + KG * g + KB * b;
        data[(y + (k >> 1)) * width + x + (k & 1)] = 16.5 + 219 * luma;
        cb += b - luma;
        cr += r - luma;
      }
      data[cbStart + chroma] = 128.5 + (CB * cb) / 4;
      data[crStart + chroma] = 128.5 + (CR * cr) / 4;
      chroma++;
    }
  }
  return { data, width, height };
}

/** Bytes of an I420 picture (BT.709, limited range) -> RGB 0..1, written at `offset` of `out`. */
export function i420ToRgb(
  picture: I420,
  out: Float32Array,
  offset: number,
  size: { readonly width: number; readonly height: number },
): void {
  const { data, width, height } = picture;
  const cbStart = width * height;
  const crStart = cbStart + ((width + 1) >> 1) * ((height + 1) >> 1);
  const chromaWidth = (width + 1) >> 1;
  let at = offset;
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const c = (y >> 1) * chromaWidth + (x >> 1);
      const luma = ((data[y * width + x] as number) - 16) / 219;
      const b = luma + ((data[cbStart + c] as number) - 128) / CB;
      const r = luma + ((data[crStart + c] as number) - 128) / CR;
      out[at++] = clamp(r);
      out[at++] = clamp((luma - KR * r - KB * b) / KG);
      out[at++] = clamp(b);
    }
  }
}

function clamp(value: number): number {
  return value > 0 ? (value < 1 ? value : 1) : 0;
}
