/** Frames of MP4, MOV and WebM files. */
import { EncodedVideoChunk, VideoDecoder, type VideoFrame } from "@napi-rs/webcodecs";
import { ALL_FORMATS, EncodedPacketSink, Input, type InputVideoTrack } from "mediabunny";
import { isUmbelError, UmbelError } from "#runtime/errors";
import type { Video } from "#runtime/sdk/values";
import { i420ToRgb } from "./i420.ts";
import { guardedSource } from "./guarded-source.ts";

const MAX_FRAMES = 20_000;
const MAX_BYTES = 8 * 2 ** 30;

/** Reads all frames. Throws ERR_MEDIA when the file is none that can be read, or too large for memory. */
export async function decodeVideo(path: string, signal?: AbortSignal): Promise<Video> {
  const input = new Input({ source: guardedSource(path), formats: ALL_FORMATS });
  try {
    const track = await input.getPrimaryVideoTrack();
    if (track === null) throw new UmbelError("ERR_MEDIA", `Expected a video in ${path}, got none.`);
    const stats = await track.computePacketStats();
    const { displayWidth: width, displayHeight: height } = track;
    checkSize(path, stats.packetCount, width, height);
    const pixels = width * height * 3;
    const pictures: { readonly time: number; readonly data: Float32Array }[] = [];
    await decodeTrack(track, signal, async (frame) => {
      if (pictures.length >= MAX_FRAMES) return;
      const data = new Float32Array(pixels);
      await frameToRgb(frame, data, { width, height });
      pictures.push({ time: frame.timestamp, data });
    });
    if (pictures.length === 0)
      throw new UmbelError("ERR_MEDIA", `Expected frames in ${path}, got none.`);
    pictures.sort((a, b) => a.time - b.time);
    const data = new Float32Array(pixels * pictures.length);
    pictures.forEach((picture, i) => data.set(picture.data, i * pixels));
    const frames = { data, count: pictures.length, height, width, channels: 3 } as const;
    return { frames, fps: roundRate(stats.averagePacketRate) };
  } catch (cause) {
    if (isUmbelError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected a video (MP4, MOV or WebM) in ${path}, got: ${reason}`,
      { cause },
    );
  } finally {
    input.dispose();
  }
}

async function decodeTrack(
  track: InputVideoTrack,
  signal: AbortSignal | undefined,
  onFrame: (frame: VideoFrame) => Promise<void>,
): Promise<void> {
  const config = await track.getDecoderConfig();
  if (config === null)
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected a codec that is known, got ${String(track.codec)}.`,
    );
  let failure: Error | null = null;
  let pending: Promise<void> = Promise.resolve();
  const decoder = new VideoDecoder({
    output: (frame) => {
      pending = pending.then(() => onFrame(frame)).finally(() => frame.close());
    },
    error: (error) => {
      failure = error;
    },
  });
  try {
    decoder.configure(config as Parameters<VideoDecoder["configure"]>[0]);
    for await (const packet of new EncodedPacketSink(track).packets()) {
      if (signal?.aborted) throw new UmbelError("ERR_INTERRUPTED", "The job was cancelled.");
      if (failure !== null) throw failure;
      decoder.decode(
        new EncodedVideoChunk({
          type: packet.type,
          timestamp: packet.microsecondTimestamp,
          duration: packet.microsecondDuration,
          data: packet.data,
        }),
      );
      while (decoder.decodeQueueSize > 16) await new Promise((resolve) => setTimeout(resolve, 1));
      await pending;
    }
    await decoder.flush();
    await pending;
    if (failure !== null) throw failure;
  } finally {
    if (decoder.state !== "closed") decoder.close();
  }
}

async function frameToRgb(
  frame: VideoFrame,
  out: Float32Array,
  size: { readonly width: number; readonly height: number },
): Promise<void> {
  if (frame.format !== "I420") {
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected 8-bit 4:2:0 video, got ${String(frame.format)}. Convert it with another program first.`,
    );
  }
  const { width, height } = frame.visibleRect;
  const data = new Uint8Array(frame.allocationSize());
  await frame.copyTo(data);
  const visible = { width: Math.min(width, size.width), height: Math.min(height, size.height) };
  if (visible.width !== size.width || visible.height !== size.height) {
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected frames of ${size.width}x${size.height}, got ${width}x${height}.`,
    );
  }
  i420ToRgb({ data, width, height }, out, 0, size);
}

function checkSize(path: string, frames: number, width: number, height: number): void {
  const bytes = frames * width * height * 12;
  if (frames <= MAX_FRAMES && bytes <= MAX_BYTES) return;
  throw new UmbelError(
    "ERR_MEDIA",
    `Expected a video of at most ${MAX_FRAMES} frames and ${MAX_BYTES / 2 ** 30} GiB as floats, got ${frames} frames of ${width}x${height} in ${path}. Cut or shrink it first.`,
  );
}

/** Containers keep times in ticks: 23.976023... becomes 23.976. */
function roundRate(rate: number): number {
  const whole = Math.round(rate);
  return Math.abs(rate - whole) < 0.005 ? whole : Math.round(rate * 1000) / 1000;
}
