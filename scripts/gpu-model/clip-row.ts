import { makeClip } from "../gpu-demo/clip.ts";
import { MODEL_SETS } from "./model-sets.ts";
import type { RowContext, RowFigures } from "./rows.ts";

const STEPS = 4;

/** Text to frames in four steps with a LoRA, the first of them dense; the later rounds find the models loaded. */
export async function clip(context: RowContext): Promise<RowFigures> {
  const { device, manager, files, size, rounds, weightType } = context;
  const { width, height, frames: length } = size;
  const settings = {
    prompt: "a big yellow star spins clockwise on a navy background with a soft glow",
    width,
    height,
    length,
    steps: STEPS,
    cfg: 1,
    seed: 1n,
    weightType,
    withPrediction: false,
    attention: { ...MODEL_SETS.wan.radial, denseSteps: 1 },
    ...files,
  };
  device.resetPeak();
  const seconds: number[] = [];
  const parts = { text: 0, sampling: 0, decoding: 0 };
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    const made = await makeClip(device, manager, settings);
    seconds.push((performance.now() - start) / 1000);
    Object.assign(parts, made.seconds);
  }
  return { seconds, peakBytes: device.memory().peakBytes, details: parts };
}
