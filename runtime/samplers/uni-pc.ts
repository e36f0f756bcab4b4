import { defineSampler } from "#runtime/sdk/sampler";
import { sampleComfyUniPc } from "#runtime/sampling/comfy-uni-pc";

export default defineSampler({
  name: "uni_pc",
  title: "UniPC",
  description:
    "Predicts and corrects at no extra work; exact from few steps. ComfyUI's default for Wan 2.1.",
  dropsPenultimateSigma: true,
  evaluations: (steps) => steps,
  sample: (run) => sampleComfyUniPc(run, "bh1"),
});
