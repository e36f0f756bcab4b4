/** Results as ComfyUI's `outputs` and `executed` messages name them. */
import { integer, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Json } from "#runtime/graph/json";
import type { ResultFile, ShownValue } from "#runtime/protocol/service-values";

export interface NodeOutput {
  readonly files: readonly Pick<ResultFile, "kind" | "place" | "path" | "fps">[];
  readonly texts?: readonly string[];
}

/** "clips/umbel_00001_.mp4" -> filename, subfolder and type. */
export function fileReference(file: Pick<ResultFile, "place" | "path">): JsonObject {
  const cut = file.path.lastIndexOf("/");
  return {
    filename: file.path.slice(cut + 1),
    subfolder: cut < 0 ? "" : file.path.slice(0, cut),
    type: file.place === "temporary" ? "temp" : "output",
  };
}

/**
 * The output of one node. Clips stand among "images", marked as animated, as ComfyUI's own nodes do it; those of
 * VideoHelperSuite's node also under "gifs", where its clients look.
 */
export function nodeOutput(type: string, { files, texts = [] }: NodeOutput): JsonObject {
  const references = files.map(fileReference);
  const animated = files.some(isAnimated);
  const gifs = files.map((file, i) => ({
    ...references[i],
    format: `video/${file.path.slice(file.path.lastIndexOf(".") + 1)}`,
    ...(file.fps === undefined ? {} : { frame_rate: file.fps }),
  }));
  return {
    ...(references.length === 0 ? {} : { images: references }),
    ...(animated ? { animated: [true] } : {}),
    ...(type === "VHS_VideoCombine" ? { gifs } : {}),
    ...(texts.length === 0 ? {} : { text: texts }),
  };
}

function isAnimated(file: Pick<ResultFile, "kind">): boolean {
  return file.kind === "video";
}

/** What a node shows besides files, a line each. */
export function shownTexts(value: ShownValue): readonly string[] {
  if (value.kind === "text") return [value.text];
  return Object.entries(value.values).map(([name, figure]) => `${name}: ${figure}`);
}

/** Milliseconds since 1970 as messages carry them. */
export function timestamp(milliseconds: number): Json {
  const whole = Math.round(milliseconds);
  return Number.isSafeInteger(whole) ? whole : integer(String(whole));
}
