/** Two clips in step as one clip, as the player shows them: side by side, under a wipe, or their difference. */
import {
  BufferTarget,
  canEncodeVideo,
  CanvasSource,
  Mp4OutputFormat,
  Output,
  QUALITY_VERY_HIGH,
  WebMOutputFormat,
  type VideoCodec,
} from "mediabunny";
import type { PlayerView } from "../stores/player.ts";
import { decodeClip, type ClipSource } from "./decode-clip.ts";
import { drawView, viewBoxes } from "./draw-view.ts";

export interface ComparedClip extends ClipSource {
  /** Written over its picture. */
  readonly words: string;
}

export interface Comparison {
  readonly a: ComparedClip;
  readonly b: ComparedClip;
  readonly view: Exclude<PlayerView, "single">;
  /** Place of the wipe, 0 to 1 from the left. */
  readonly wipe: number;
}

export interface EncodedClip {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly ending: "mp4" | "webm";
}

/** Bytes that the pictures of one clip may take while they are joined. */
const BUDGET = 2 ** 30;
/** What others can play first. */
const CODECS: readonly (readonly [VideoCodec, EncodedClip["ending"]])[] = [
  ["avc", "mp4"],
  ["vp9", "webm"],
  ["vp8", "webm"],
];

/** As long as the longer clip: the other one stays at its last frame. */
export async function encodeComparison(compared: Comparison): Promise<EncodedClip> {
  const { a, b, view, wipe } = compared;
  const size = comparisonSize(a, view);
  const [codec, ending] = await chosenCodec(size);
  const [first, second] = await Promise.all([picturesOf(a), picturesOf(b)]);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, size);
  const target = new BufferTarget();
  const format =
    ending === "mp4" ? new Mp4OutputFormat({ fastStart: "in-memory" }) : new WebMOutputFormat();
  const output = new Output({ format, target });
  const source = new CanvasSource(canvas, { codec, bitrate: QUALITY_VERY_HIGH });
  output.addVideoTrack(source, { frameRate: a.fps });
  try {
    await output.start();
    const aspect = a.width / a.height;
    for (let frame = 0; frame < Math.max(first.length, second.length); frame++) {
      const pictures = {
        a: first[frame] ?? first.at(-1) ?? null,
        b: second[frame] ?? second.at(-1) ?? null,
        aspect,
      };
      drawView(canvas, view, pictures, wipe);
      drawWords(canvas, compared, aspect);
      await source.add(frame / a.fps, 1 / a.fps);
    }
    await output.finalize();
  } catch (error) {
    await output.cancel().catch(() => undefined);
    throw error;
  } finally {
    for (const picture of [...first, ...second]) picture.close();
  }
  if (target.buffer === null) throw new Error("Expected a clip, got nothing from the encoder.");
  return { data: new Uint8Array(target.buffer), ending };
}

/** Even, as the codecs want it. */
export function comparisonSize(
  { width, height }: Pick<ClipSource, "width" | "height">,
  view: Comparison["view"],
): { readonly width: number; readonly height: number } {
  const even = (size: number) => Math.max(2, Math.ceil(size / 2) * 2);
  return { width: even(view === "side" ? 2 * width + 2 : width), height: even(height) };
}

async function chosenCodec(size: {
  readonly width: number;
  readonly height: number;
}): Promise<(typeof CODECS)[number]> {
  for (const choice of CODECS) {
    if (await canEncodeVideo(choice[0], { ...size, bitrate: QUALITY_VERY_HIGH })) return choice;
  }
  throw new Error(
    `Expected an encoder for ${size.width} × ${size.height}, got none. Choose another view.`,
  );
}

async function picturesOf(clip: ClipSource): Promise<ImageBitmap[]> {
  const pictures: ImageBitmap[] = [];
  const put = (index: number, picture: ImageBitmap) => void (pictures[index] = picture);
  await decodeClip(clip, put, new AbortController().signal, BUDGET);
  return pictures;
}

function drawWords(canvas: HTMLCanvasElement, { a, b, view }: Comparison, aspect: number): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const height = Math.max(11, Math.round(canvas.height / 28));
  const margin = Math.round(height * 0.6);
  context.font = `600 ${height}px "Inter Variable", sans-serif`;
  context.textBaseline = "top";
  const [left, right] = viewBoxes(view, canvas, aspect);
  const put = (words: string, x: number, align: "left" | "right") => {
    context.textAlign = align;
    context.lineWidth = height / 4;
    context.lineJoin = "round";
    context.strokeStyle = "#0008";
    context.fillStyle = "#fff";
    context.strokeText(words, x, margin);
    context.fillText(words, x, margin);
  };
  if (view === "difference") return put("Difference × 4", left.x + margin, "left");
  put(named("A", a.words), left.x + margin, "left");
  put(named("B", b.words), right.x + right.width - margin, "right");
}

const named = (letter: string, words: string): string =>
  words === "" ? letter : `${letter}  ${words}`;
