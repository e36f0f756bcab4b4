/**
 * Frames -> a video file: encoded by WebCodecs, muxed by mediabunny, the graph in the container's tags. Both are loaded
 * with the first one.
 */
import { open } from "node:fs/promises";
import type { EncodedVideoPacketSource } from "mediabunny";
import { toUmbelError, UmbelError } from "#runtime/errors";
import type { Frames } from "#runtime/sdk/values";
import { fileTarget } from "./file-target.ts";
import { frameToI420 } from "./i420.ts";

export type VideoCodecName = "h264" | "vp9" | "av1";

export interface VideoEncoding {
  readonly container: "mp4" | "webm";
  readonly codec: VideoCodecName;
  readonly fps: number;
  /** Constant quality on the codec's own scale: 0..51 (H.264), 0..63 (VP9, AV1); lower is better. */
  readonly crf: number;
  /** Metadata tags of the container. */
  readonly tags: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onFrame?: (done: number) => void;
}

const MUXER_CODEC = { h264: "avc", vp9: "vp9", av1: "av1" } as const;
const BT709 = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false } as const;
const KEYFRAME_SECONDS = 2;
const MAX_SIDE = 8192;

/**
 * Throws ERR_MEDIA when the frames cannot be encoded, ERR_INTERRUPTED, and the file system's own errors. The caller
 * gives a temporary path.
 */
export async function encodeVideo(
  path: string,
  frames: Frames,
  encoding: VideoEncoding,
): Promise<void> {
  checkFrames(frames, encoding);
  const { fps, codec } = encoding;
  const muxer = await import("mediabunny");
  await using file = await open(path, "w");
  const output = new muxer.Output({
    format:
      encoding.container === "mp4"
        ? new muxer.Mp4OutputFormat({ metadataFormat: "mdta", fastStart: "in-memory" })
        : new muxer.WebMOutputFormat(),
    target: await fileTarget(file),
  });
  const source = new muxer.EncodedVideoPacketSource(MUXER_CODEC[codec]);
  output.addVideoTrack(source, { frameRate: fps });
  output.setMetadataTags({ raw: { ...encoding.tags } });
  await output.start();
  try {
    await encodeInto(source, frames, encoding);
    await output.finalize();
  } catch (error) {
    await output.cancel();
    // What the disk says is told by whoever knows the file's final name.
    throw isSystemError(error) ? error : toUmbelError(error, "ERR_MEDIA");
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

async function encodeInto(
  source: EncodedVideoPacketSource,
  frames: Frames,
  { codec, fps, crf, signal, onFrame }: VideoEncoding,
): Promise<void> {
  const { VideoEncoder, VideoFrame } = await import("@napi-rs/webcodecs");
  const { EncodedPacket } = await import("mediabunny");
  const first = frameToI420(frames, 0);
  let failure: Error | null = null;
  let muxing: Promise<void> = Promise.resolve();
  const encoder = new VideoEncoder({
    output: (chunk, meta) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      // The encoder counts microseconds; the file gets exact multiples of 1 / fps.
      const time = Math.round((chunk.timestamp * fps) / 1e6) / fps;
      const packet = new EncodedPacket(data, chunk.type as "key" | "delta", time, 1 / fps);
      muxing = muxing.then(() => source.add(packet, meta as Parameters<typeof source.add>[1]));
    },
    error: (error) => {
      failure = error;
    },
  });
  try {
    encoder.configure({
      codec: codecString(codec, first.width, first.height, fps),
      width: first.width,
      height: first.height,
      framerate: fps,
      bitrateMode: "quantizer",
      latencyMode: "quality",
      hardwareAcceleration: "prefer-software",
      ...(codec === "h264" ? { avc: { format: "avc" } } : {}),
    });
    const keyEvery = Math.max(1, Math.round(fps * KEYFRAME_SECONDS));
    for (let i = 0; i < frames.count; i++) {
      if (signal?.aborted) throw new UmbelError("ERR_INTERRUPTED", "The job was cancelled.");
      if (failure !== null) throw failure;
      const { data, width, height } = i === 0 ? first : frameToI420(frames, i);
      const frame = new VideoFrame(data, {
        format: "I420",
        codedWidth: width,
        codedHeight: height,
        timestamp: Math.round((i * 1e6) / fps),
        duration: Math.round(1e6 / fps),
        colorSpace: BT709,
      });
      encoder.encode(frame, { keyFrame: i % keyEvery === 0, ...quantizer(codec, crf) });
      frame.close();
      onFrame?.(i + 1);
      if (encoder.encodeQueueSize > 8) await new Promise((resolve) => setImmediate(resolve));
    }
    await encoder.flush();
    if (failure !== null) throw failure;
    await muxing;
  } finally {
    if (encoder.state !== "closed") encoder.close();
  }
}

function quantizer(codec: VideoCodecName, value: number): object {
  if (codec === "h264") return { avc: { quantizer: Math.round(value) } };
  return codec === "vp9"
    ? { vp9: { quantizer: Math.round(value) } }
    : { av1: { quantizer: Math.round(value) } };
}

/** WebCodecs codec string: High profile (H.264), profile 0 (VP9, AV1), the lowest level that fits. */
function codecString(codec: VideoCodecName, width: number, height: number, fps: number): string {
  const pixels = width * height;
  const rate = pixels * fps;
  if (codec === "h264") {
    const levels = [
      [0x1f, 921_600, 27_648_000],
      [0x28, 2_097_152, 62_914_560],
      [0x32, 5_652_480, 150_994_944],
      [0x34, 9_437_184, 530_841_600],
    ] as const;
    const level = levels.find(([, size, speed]) => pixels <= size && rate <= speed)?.[0] ?? 0x3e;
    return `avc1.6400${level.toString(16).padStart(2, "0")}`;
  }
  const large = pixels > 2_228_224 || rate > 83_558_400;
  if (codec === "vp9") return large ? "vp09.00.51.08" : "vp09.00.40.08";
  return large ? "av01.0.13M.08" : "av01.0.08M.08";
}

function checkFrames(frames: Frames, { fps, codec }: VideoEncoding): void {
  const { count, width, height } = frames;
  if (count < 1 || width < 2 || height < 2 || width > MAX_SIDE || height > MAX_SIDE) {
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected at least one frame of 2 to ${MAX_SIDE} pixels a side for ${codec}, got ${count} of ${width}x${height}.`,
    );
  }
  if (!(fps > 0 && fps <= 1000)) {
    throw new UmbelError("ERR_MEDIA", `Expected a frame rate above 0 and up to 1000, got ${fps}.`);
  }
}
