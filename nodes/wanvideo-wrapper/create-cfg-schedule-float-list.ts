import { combo, float, int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

/** From 0..1 to 0..1. */
const EASINGS = {
  linear: (t: number) => t,
  ease_in: (t: number) => t * t,
  ease_out: (t: number) => t * (2 - t),
} as const;

export default defineNode({
  type: "CreateCFGScheduleFloatList",
  title: "WanVideo: guidance by step",
  category: "wanvideo wrapper",
  description:
    "Guidance of each step, from one number to another; 1, which is none, outside of the range.",
  version: 1,
  inputs: {
    steps: int({ default: 30, min: 2, max: 1000 }),
    cfg_scale_start: float({ default: 5, min: 0, max: 30, step: 0.01 }),
    cfg_scale_end: float({ default: 5, min: 0, max: 30, step: 0.01 }),
    interpolation: combo(["linear", "ease_in", "ease_out"]),
    start_percent: float({ default: 0, min: 0, max: 1, step: 0.01 }),
    end_percent: float({ default: 1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: { float_list: output("FLOAT") },
  run: (_context, inputs) => {
    const { steps, cfg_scale_start: from, cfg_scale_end: to } = inputs;
    const stepAt = (part: number) => Math.min(Math.trunc(steps * part), steps - 1);
    const [first, last] = [stepAt(inputs.start_percent), stepAt(inputs.end_percent)];
    const ease = EASINGS[inputs.interpolation];
    const list = Array.from({ length: steps }, (_, step) => {
      // The wrapper leaves the first step unguided when the range begins behind it, also where both are one step.
      if (step < first || step > last || (step === 0 && inputs.start_percent > 0)) return 1;
      const t = last === first ? 0 : (step - first) / (last - first);
      return Math.round((from + ease(t) * (to - from)) * 100) / 100;
    });
    return { float_list: list };
  },
});
