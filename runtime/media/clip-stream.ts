/** Any clip that Umbel reads, one frame at a time. */
import { extname } from "node:path";
import type { Frames } from "#runtime/sdk/values";
import { readPicture } from "./pictures.ts";
import { openVideo } from "./video-file.ts";

export interface ClipStream extends Disposable {
  readonly width: number;
  readonly height: number;
  /** Count 1 each. Throws ERR_MEDIA, ERR_INTERRUPTED. */
  frames(signal?: AbortSignal): AsyncGenerator<Frames>;
}

/** Videos are decoded as they are asked for; animated pictures are read whole. Throws ERR_MEDIA. */
export async function openClip(path: string): Promise<ClipStream> {
  if ([".webp", ".png"].includes(extname(path).toLowerCase())) {
    const { frames } = await readPicture(path);
    return { ...frames, frames: () => single(frames), [Symbol.dispose]: () => undefined };
  }
  const video = await openVideo(path);
  const { width, height } = video;
  return {
    width,
    height,
    async *frames(signal) {
      for await (const { data } of video.pictures(signal))
        yield { data, count: 1, height, width, channels: 3 };
    },
    [Symbol.dispose]: () => video[Symbol.dispose](),
  };
}

async function* single(frames: Frames): AsyncGenerator<Frames> {
  const size = frames.width * frames.height * frames.channels;
  for (let i = 0; i < frames.count; i++)
    yield { ...frames, count: 1, data: frames.data.subarray(i * size, (i + 1) * size) };
}
