import { defineSampler } from "#runtime/sdk/sampler";
import { sampleEuler } from "#runtime/sampling/euler";

export default defineSampler({
  name: "ddim",
  title: "DDIM",
  description: "Deterministic DDIM, which for flow models is Euler's method (as in ComfyUI).",
  evaluations: (steps) => steps,
  sample: sampleEuler,
});
