/** All frames of MP4, MOV and WebM files. */
import { UmbelError } from "#runtime/errors";
import type { Video } from "#runtime/sdk/values";
import { openVideo, type VideoFile } from "./video-file.ts";

const MAX_FRAMES = 20_000;
const MAX_BYTES = 8 * 2 ** 30;

/** Throws ERR_MEDIA when the file is none that can be read, or too large for memory. */
export async function decodeVideo(path: string, signal?: AbortSignal): Promise<Video> {
  using video = await openVideo(path);
  checkSize(video);
  const { width, height, fps } = video;
  const pictures: Float32Array[] = [];
  for await (const { data } of video.pictures(signal)) {
    pictures.push(data);
    if (pictures.length === MAX_FRAMES) break;
  }
  if (pictures.length === 0)
    throw new UmbelError("ERR_MEDIA", `Expected frames in ${path}, got none.`);
  const pixels = width * height * 3;
  const data = new Float32Array(pixels * pictures.length);
  pictures.forEach((picture, i) => data.set(picture, i * pixels));
  return { frames: { data, count: pictures.length, height, width, channels: 3 }, fps };
}

function checkSize({ path, frames, width, height }: VideoFile): void {
  const bytes = frames * width * height * 12;
  if (frames <= MAX_FRAMES && bytes <= MAX_BYTES) return;
  throw new UmbelError(
    "ERR_MEDIA",
    `Expected a video of at most ${MAX_FRAMES} frames and ${MAX_BYTES / 2 ** 30} GiB as floats, got ${frames} frames of ${width}x${height} in ${path}. Cut or shrink it first.`,
  );
}
