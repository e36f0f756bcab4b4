/** Decodes a clip into pictures of a bounded size, so that any frame is there at once and clips stay in step. */
import { ALL_FORMATS, BlobSource, CanvasSink, Input } from "mediabunny";

export interface ClipSource {
  readonly url: string;
  readonly kind: "image" | "video";
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
}

/** Bytes that the pictures of one clip may hold: large and long clips are kept smaller. */
export const CLIP_BUDGET = 192 * 2 ** 20;

/** How much smaller a clip is kept; 1: as it is. */
export function keptScale({ width, height, frames }: ClipSource, budget = CLIP_BUDGET): number {
  return Math.min(1, Math.sqrt(budget / (width * height * 4 * Math.max(1, frames))));
}

export type FrameSink = (index: number, picture: ImageBitmap) => void;

export async function decodeClip(
  clip: ClipSource,
  put: FrameSink,
  signal: AbortSignal,
  budget = CLIP_BUDGET,
): Promise<void> {
  const response = await fetch(clip.url, { signal });
  if (!response.ok) throw new Error(`The file cannot be read (${response.status}).`);
  const blob = await response.blob();
  const size = resizing(clip, budget);
  if (clip.kind === "video") return decodeVideo(clip, blob, size, put, signal);
  if (/\.webp$/i.test(clip.url) && clip.frames > 1 && "ImageDecoder" in globalThis) {
    return decodeAnimation(blob, size, put, signal);
  }
  put(0, await createImageBitmap(blob, size ?? {}));
}

/** One frame at most 320 wide, for a small picture. */
export async function decodeFrame(clip: ClipSource, frame: number): Promise<ImageBitmap> {
  const response = await fetch(clip.url);
  if (!response.ok) throw new Error(`The file cannot be read (${response.status}).`);
  const blob = await response.blob();
  const width = Math.min(THUMB_WIDTH, clip.width);
  const size = {
    resizeWidth: width,
    resizeHeight: Math.max(1, Math.round((width * clip.height) / clip.width)),
  };
  if (clip.kind === "image") return createImageBitmap(blob, { ...size, resizeQuality: "high" });
  const input = new Input({ source: new BlobSource(blob), formats: ALL_FORMATS });
  const track = await input.getPrimaryVideoTrack();
  if (track === null || !(await track.canDecode())) {
    const pictures: ImageBitmap[] = [];
    const first = { ...clip, frames: 1 };
    await decodeByElement(
      first,
      blob,
      size,
      (_, picture) => pictures.push(picture),
      new AbortController().signal,
    );
    const [picture] = pictures;
    if (picture === undefined) throw new Error("The clip cannot be decoded here.");
    return picture;
  }
  const sink = new CanvasSink(track, {
    width: size.resizeWidth,
    height: size.resizeHeight,
    fit: "fill",
  });
  const wrapped = (await sink.getCanvas((frame + 0.5) / clip.fps)) ?? (await sink.getCanvas(0));
  if (wrapped === null) throw new Error("The clip has no frames.");
  return createImageBitmap(wrapped.canvas);
}

const THUMB_WIDTH = 320;

interface Resizing {
  readonly resizeWidth: number;
  readonly resizeHeight: number;
}

function resizing(clip: ClipSource, budget: number): Resizing | null {
  const scale = keptScale(clip, budget);
  if (scale === 1) return null;
  return {
    resizeWidth: Math.max(2, Math.round(clip.width * scale)),
    resizeHeight: Math.max(2, Math.round(clip.height * scale)),
  };
}

async function decodeVideo(
  clip: ClipSource,
  blob: Blob,
  size: Resizing | null,
  put: FrameSink,
  signal: AbortSignal,
): Promise<void> {
  const input = new Input({ source: new BlobSource(blob), formats: ALL_FORMATS });
  const track = await input.getPrimaryVideoTrack();
  if (track === null || !(await track.canDecode()))
    return decodeByElement(clip, blob, size, put, signal);
  const sink = new CanvasSink(track, {
    poolSize: 2,
    ...(size === null ? {} : { width: size.resizeWidth, height: size.resizeHeight, fit: "fill" }),
  });
  let index = 0;
  for await (const { canvas } of sink.canvases()) {
    if (signal.aborted) return;
    put(index++, await createImageBitmap(canvas));
  }
}

/** Where the page's decoders do not know the codec but its video element does. */
async function decodeByElement(
  clip: ClipSource,
  blob: Blob,
  size: Resizing | null,
  put: FrameSink,
  signal: AbortSignal,
): Promise<void> {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  const url = URL.createObjectURL(blob);
  try {
    await happened(video, "loadeddata", () => {
      video.src = url;
    });
    for (let i = 0; i < clip.frames && !signal.aborted; i++) {
      await happened(video, "seeked", () => {
        video.currentTime = (i + 0.5) / clip.fps;
      });
      put(i, await createImageBitmap(video, size ?? {}));
    }
  } finally {
    video.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
}

function happened(video: HTMLVideoElement, event: string, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    video.addEventListener(event, () => resolve(), { once: true });
    video.addEventListener("error", () => reject(new Error("The clip cannot be decoded here.")), {
      once: true,
    });
    start();
  });
}

async function decodeAnimation(
  blob: Blob,
  size: Resizing | null,
  put: FrameSink,
  signal: AbortSignal,
): Promise<void> {
  const decoder = new ImageDecoder({ data: await blob.arrayBuffer(), type: "image/webp" });
  try {
    await decoder.tracks.ready;
    const count = decoder.tracks.selectedTrack?.frameCount ?? 1;
    for (let i = 0; i < count && !signal.aborted; i++) {
      const { image } = await decoder.decode({ frameIndex: i });
      put(i, await createImageBitmap(image, size ?? {}));
      image.close();
    }
  } finally {
    decoder.close();
  }
}
