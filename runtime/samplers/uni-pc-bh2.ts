import { defineSampler } from "#runtime/sdk/sampler";
import { sampleComfyUniPc } from "#runtime/sampling/comfy-uni-pc";

export default defineSampler({
  name: "uni_pc_bh2",
  title: "UniPC bh2",
  description: "UniPC with the step function that its authors recommend for guided sampling.",
  dropsPenultimateSigma: true,
  evaluations: (steps) => steps,
  sample: (run) => sampleComfyUniPc(run, "bh2"),
});
