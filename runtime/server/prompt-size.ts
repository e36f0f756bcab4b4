/** Whether a prompt stays within what one client may ask for. */
import { listOf, objectOf, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import { error, type PromptError } from "./comfy/node-errors.ts";
import type { Limits } from "./limits.ts";

const FRAMES = new Set(["length", "num_frames", "frame_count", "video_frames"]);

/** null when it does. */
export function checkSize(prompt: JsonObject, limits: Limits): PromptError | null {
  const ids = Object.keys(prompt);
  if (ids.length > limits.nodes)
    return tooLarge(`at most ${limits.nodes} nodes, got ${ids.length}`);
  for (const id of ids) {
    const inputs = objectOf(objectOf(prompt[id])["inputs"]);
    const { width, height } = inputs;
    if (typeof width === "number" && typeof height === "number" && width * height > limits.pixels)
      return tooLarge(
        `at most ${limits.pixels} pixels a frame, got ${width} x ${height} in node #${id}`,
      );
    for (const [name, value] of Object.entries(inputs)) {
      if (FRAMES.has(name) && typeof value === "number" && value > limits.frames)
        return tooLarge(`at most ${limits.frames} frames, got ${value} in node #${id}`);
      if (listOf(value).length > limits.nodes) return tooLarge(`shorter lists in node #${id}`);
    }
  }
  return null;
}

function tooLarge(what: string): PromptError {
  return error("limit_reached", `Expected ${what}.`, "The server's limits are set by who runs it.");
}
