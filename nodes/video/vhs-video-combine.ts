import { encodeVideo } from "#runtime/media/encode-video";
import { writeAnimatedWebp } from "#runtime/media/pictures";
import { boolean, combo, float, int, optionalSocket, socket, text } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import type { Frames } from "#runtime/sdk/values";

const VIDEO = {
  "video/h264-mp4": { extension: "mp4", container: "mp4", codec: "h264" },
  "video/nvenc_h264-mp4": { extension: "mp4", container: "mp4", codec: "h264" },
  "video/webm": { extension: "webm", container: "webm", codec: "vp9" },
  "video/av1-webm": { extension: "webm", container: "webm", codec: "av1" },
} as const;
const WEBP = "image/webp";

/** Those that are not written here are listed so that old graphs open, and refused with words. */
const OTHERS = [
  "image/gif",
  "video/h265-mp4",
  "video/nvenc_hevc-mp4",
  "video/nvenc_av1-mp4",
  "video/ProRes",
  "video/ffv1-mkv",
  "video/ffmpeg-gif",
  "video/8bit-png",
  "video/16bit-png",
];
const WRITTEN: readonly string[] = [...Object.keys(VIDEO), WEBP];

export default defineNode({
  type: "VHS_VideoCombine",
  title: "Save video (VideoHelperSuite)",
  category: "video",
  description: "Writes frames as MP4, WebM or animated WebP, with the graph inside.",
  version: 1,
  inputs: {
    images: socket("IMAGE"),
    frame_rate: float({ default: 8, min: 1, max: 1000, step: 1 }),
    loop_count: int({ default: 0, min: 0, max: 100, advanced: true }),
    filename_prefix: text({ default: "AnimateDiff" }),
    format: combo([...WRITTEN, ...OTHERS]),
    pingpong: boolean({ default: false, tooltip: "Forwards, then backwards." }),
    save_output: boolean({ default: true, tooltip: "Off: a preview that is not kept." }),
    audio: optionalSocket("AUDIO"),
    pix_fmt: combo(["yuv420p", "yuv420p10le"], { advanced: true }),
    crf: int({ default: 19, min: 0, max: 100, advanced: true, tooltip: "Lower is better." }),
    save_metadata: boolean({ default: true, advanced: true }),
    trim_to_audio: boolean({ default: false, advanced: true }),
  },
  outputs: { Filenames: output("VHS_FILENAMES") },
  output: true,
  check: ({ format = WEBP }) =>
    WRITTEN.includes(format)
      ? []
      : [
          `Expected one of ${WRITTEN.join(", ")} for "format", got "${format}", which is not written here.`,
        ],
  run: async (context, inputs) => {
    const frames = inputs.pingpong ? andBack(inputs.images) : inputs.images;
    const { width, height, count } = frames;
    const fps = inputs.frame_rate;
    const tags = inputs.save_metadata ? context.embed : {};
    const video = videoOf(inputs.format);
    const temporary = !inputs.save_output;
    const path = await context.saveOutput(
      inputs.filename_prefix,
      video?.extension ?? "webp",
      { width, height, temporary },
      (file) =>
        video === null
          ? writeAnimatedWebp(file, frames, { fps, lossless: false, quality: 85, effort: 4, tags })
          : encodeVideo(file, frames, {
              container: video.container,
              codec: video.codec,
              fps,
              crf: Math.min(inputs.crf, video.codec === "h264" ? 51 : 63),
              tags,
              signal: context.signal,
              onFrame: (done) => context.progress(done, count),
            }),
    );
    const kind = video === null ? "image" : "video";
    context.publish({ kind, path, temporary, width, height, frames: count, fps });
    return { Filenames: null };
  },
});

function videoOf(format: string) {
  return Object.hasOwn(VIDEO, format) ? VIDEO[format as keyof typeof VIDEO] : null;
}

/** The frames, and all but the ends of them once more from behind. */
function andBack(frames: Frames): Frames {
  const size = frames.width * frames.height * frames.channels;
  const back = Math.max(0, frames.count - 2);
  const data = new Float32Array((frames.count + back) * size);
  data.set(frames.data);
  for (let i = 0; i < back; i++) {
    const from = (frames.count - 2 - i) * size;
    data.set(frames.data.subarray(from, from + size), (frames.count + i) * size);
  }
  return { ...frames, data, count: frames.count + back };
}
