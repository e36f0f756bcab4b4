import { boolean, combo, float, int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoTeaCache",
  title: "WanVideo: TeaCache",
  category: "wanvideo wrapper",
  description: "Kept for graphs that have it. No step is skipped here; the sampler says so.",
  version: 1,
  inputs: {
    rel_l1_thresh: float({ default: 0.3, min: 0, max: 1, step: 0.001 }),
    start_step: int({ default: 1, min: 0, max: 9999 }),
    end_step: int({ default: -1, min: -1, max: 9999 }),
    cache_device: combo(["main_device", "offload_device"], { default: "offload_device" }),
    use_coefficients: boolean({ default: true }),
    mode: combo(["e", "e0"]),
  },
  outputs: { cache_args: output("CACHEARGS") },
  run: () => ({ cache_args: null }),
});
