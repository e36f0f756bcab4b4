/** MP4, MOV and WebM files, frame by frame. The libraries are loaded with the first one. */
import type { VideoFrame } from "@napi-rs/webcodecs";
import type { InputVideoTrack } from "mediabunny";
import { isUmbelError, UmbelError } from "#runtime/errors";
import { guardedSource } from "./guarded-source.ts";
import { i420ToRgb } from "./i420.ts";

/** Decoded frames that wait to be taken, beside those that the codec holds back to order them. */
const DECODED_AHEAD = 16;

export interface Picture {
  /** Microseconds. */
  readonly time: number;
  /** [height, width, 3] in 0..1 */
  readonly data: Float32Array;
}

export interface VideoFile extends Disposable {
  readonly path: string;
  /** As the container counts them. */
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** In the order in which they are shown. Throws ERR_MEDIA, ERR_INTERRUPTED. */
  pictures(signal?: AbortSignal): AsyncGenerator<Picture>;
}

/** Throws ERR_MEDIA when there is no video in it. */
export async function openVideo(path: string): Promise<VideoFile> {
  const { ALL_FORMATS, Input } = await import("mediabunny");
  const input = new Input({ source: await guardedSource(path), formats: ALL_FORMATS });
  try {
    const track = await input.getPrimaryVideoTrack();
    if (track === null) throw new UmbelError("ERR_MEDIA", `Expected a video in ${path}, got none.`);
    const { packetCount, averagePacketRate } = await track.computePacketStats();
    return {
      path,
      frames: packetCount,
      width: track.displayWidth,
      height: track.displayHeight,
      fps: roundRate(averagePacketRate),
      pictures: (signal) => readPictures(track, path, signal),
      [Symbol.dispose]: () => input.dispose(),
    };
  } catch (cause) {
    input.dispose();
    throw mediaError(cause, path);
  }
}

async function* readPictures(
  track: InputVideoTrack,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Picture> {
  const size = { width: track.displayWidth, height: track.displayHeight };
  let last = Number.NEGATIVE_INFINITY;
  try {
    for await (const frame of decodeTrack(track, signal)) {
      try {
        if (frame.timestamp < last)
          throw new UmbelError("ERR_MEDIA", `Expected frames in order in ${path}, got others.`);
        last = frame.timestamp;
        yield { time: frame.timestamp, data: await frameToRgb(frame, size) };
      } finally {
        frame.close();
      }
    }
  } catch (cause) {
    throw mediaError(cause, path);
  }
}

async function* decodeTrack(
  track: InputVideoTrack,
  signal: AbortSignal | undefined,
): AsyncGenerator<VideoFrame> {
  const config = await track.getDecoderConfig();
  if (config === null)
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected a codec that is known, got ${String(track.codec)}.`,
    );
  const { EncodedVideoChunk, VideoDecoder } = await import("@napi-rs/webcodecs");
  const { EncodedPacketSink } = await import("mediabunny");
  const decoded: VideoFrame[] = [];
  let failure: Error | null = null;
  const decoder = new VideoDecoder({
    output: (frame) => decoded.push(frame),
    error: (error) => {
      failure = error;
    },
  });
  function* taken(): Generator<VideoFrame> {
    if (signal?.aborted) throw new UmbelError("ERR_INTERRUPTED", "The job was cancelled.");
    if (failure !== null) throw failure;
    for (let frame = decoded.shift(); frame !== undefined; frame = decoded.shift()) yield frame;
  }
  try {
    decoder.configure(config as Parameters<typeof decoder.configure>[0]);
    for await (const packet of new EncodedPacketSink(track).packets()) {
      yield* taken();
      decoder.decode(
        new EncodedVideoChunk({
          type: packet.type,
          timestamp: packet.microsecondTimestamp,
          duration: packet.microsecondDuration,
          data: packet.data,
        }),
      );
      while (decoder.decodeQueueSize > DECODED_AHEAD)
        await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await decoder.flush();
    yield* taken();
  } finally {
    for (const frame of decoded) frame.close();
    if (decoder.state !== "closed") decoder.close();
  }
}

async function frameToRgb(
  frame: VideoFrame,
  size: { readonly width: number; readonly height: number },
): Promise<Float32Array> {
  if (frame.format !== "I420") {
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected 8-bit 4:2:0 video, got ${String(frame.format)}. Convert it with another program first.`,
    );
  }
  const { width, height } = frame.visibleRect;
  if (width < size.width || height < size.height) {
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected frames of ${size.width}x${size.height}, got ${width}x${height}.`,
    );
  }
  const data = new Uint8Array(frame.allocationSize());
  await frame.copyTo(data);
  const out = new Float32Array(size.width * size.height * 3);
  i420ToRgb({ data, width, height }, out, 0, size);
  return out;
}

function mediaError(cause: unknown, path: string): UmbelError {
  if (isUmbelError(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new UmbelError(
    "ERR_MEDIA",
    `Expected a video (MP4, MOV or WebM) in ${path}, got: ${reason}`,
    { cause },
  );
}

/** Containers keep times in ticks: 23.976023... becomes 23.976. */
function roundRate(rate: number): number {
  const whole = Math.round(rate);
  return Math.abs(rate - whole) < 0.005 ? whole : Math.round(rate * 1000) / 1000;
}
