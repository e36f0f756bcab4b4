/** Any clip that Umbel reads, whatever its container. */
import { statSync } from "node:fs";
import { extname } from "node:path";
import type { Video } from "#runtime/sdk/values";
import { decodeVideo } from "./decode-video.ts";
import { readPicture } from "./pictures.ts";

/** Frame rate of pictures, which say none. */
const DEFAULT_FPS = 16;

/** Frames and rate of MP4, MOV, WebM, animated WebP and PNG. Throws ERR_MEDIA. */
export async function readClip(path: string, signal?: AbortSignal): Promise<Video> {
  if (![".webp", ".png"].includes(extname(path).toLowerCase())) return decodeVideo(path, signal);
  const { frames, fps } = await readPicture(path);
  return { frames, fps: fps ?? DEFAULT_FPS };
}

/** Size and time of a file: changes whenever its content may have. */
export function fileFingerprint(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${size} ${mtimeMs}`;
}
