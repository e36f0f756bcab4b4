/** PNG and WebP through sharp, which is loaded when the first one is read or written. */
import { writeFile } from "node:fs/promises";
import type { CreateRaw } from "sharp";
import { UmbelError } from "#runtime/errors";
import type { Frames, MaskFrames } from "#runtime/sdk/values";
import { writePngText } from "./png-text.ts";
import { writeWebpExif } from "./webp-exif.ts";

const MAX_PIXELS = 1 << 28;

export type Tags = Readonly<Record<string, string>>;

/** One frame as PNG with tags. */
export async function writePng(
  path: string,
  frames: Frames,
  index: number,
  tags: Tags,
): Promise<void> {
  const { width, height, channels } = frames;
  const raw = frameBytes(frames, index, 1);
  const { default: sharp } = await import("sharp");
  const png = await sharp(raw, { raw: { width, height, channels } }).png().toBuffer();
  await writeFile(path, writePngText(png, tags));
}

export interface WebpEncoding {
  readonly fps: number;
  readonly lossless: boolean;
  /** 0..100 */
  readonly quality: number;
  /** 0 fastest, 6 smallest. */
  readonly effort: number;
  readonly tags: Tags;
}

/** All frames as an endless animation. */
export async function writeAnimatedWebp(
  path: string,
  frames: Frames,
  encoding: WebpEncoding,
): Promise<void> {
  const { width, height, channels, count } = frames;
  const { fps, lossless, quality, effort } = encoding;
  const raw = frameBytes(frames, 0, count);
  // Whole milliseconds a frame; rounded ends keep the clip's length right at 24 or 29.97 fps.
  const delay = Array.from(
    { length: count },
    (_, i) => Math.round(((i + 1) * 1000) / fps) - Math.round((i * 1000) / fps),
  );
  const { default: sharp } = await import("sharp");
  const webp = await sharp(raw, {
    raw: { width, height: height * count, channels, pageHeight: height } as CreateRaw,
    limitInputPixels: false,
  })
    .webp({ lossless, quality, effort, delay, loop: 0 })
    .toBuffer();
  await writeFile(path, count > 1 ? writeWebpExif(webp, encoding.tags) : webp);
}

/** Frames of a PNG, WebP (all of an animation) or JPEG; with alpha as a mask (1 where transparent). */
export async function readPicture(
  path: string,
): Promise<{ frames: Frames; mask: MaskFrames | null; fps: number | null }> {
  try {
    const { default: sharp } = await import("sharp");
    const picture = sharp(path, {
      animated: true,
      limitInputPixels: MAX_PIXELS,
      failOn: "truncated",
    });
    const meta = await picture.metadata();
    const { data, info } = await picture
      .toColourspace("srgb")
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const height = meta.pageHeight ?? info.height;
    const count = Math.round(info.height / height);
    const pixels = info.width * info.height;
    const rgb = new Float32Array(pixels * 3);
    const alpha = new Float32Array(pixels);
    for (let i = 0; i < pixels; i++) {
      for (let c = 0; c < 3; c++) rgb[i * 3 + c] = (data[i * 4 + c] as number) / 255;
      alpha[i] = 1 - (data[i * 4 + 3] as number) / 255;
    }
    const size = { count, height, width: info.width };
    const milliseconds = meta.delay?.reduce((sum, delay) => sum + delay, 0) ?? 0;
    return {
      frames: { data: rgb, ...size, channels: 3 },
      mask: meta.hasAlpha ? { data: alpha, ...size } : null,
      fps: count > 1 && milliseconds > 0 ? (count * 1000) / milliseconds : null,
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected a picture (PNG, WebP or JPEG) in ${path}, got: ${reason}.`,
      { cause },
    );
  }
}

function frameBytes(frames: Frames, first: number, count: number): Uint8Array {
  const size = frames.width * frames.height * frames.channels;
  const start = (count === 1 ? first : 0) * size;
  const values = frames.data.subarray(start, start + size * count);
  // A loop: `from` with a function takes seconds for a long clip, in which nothing else can happen.
  const bytes = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = (values[i] as number) * 255;
  return new Uint8Array(bytes.buffer);
}
