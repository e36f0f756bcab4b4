import { defineSampler } from "#runtime/sdk/sampler";
import { sampleEuler } from "#runtime/sampling/euler";

export default defineSampler({
  name: "euler",
  title: "Euler",
  description: "One straight step a noise level. Predictable, and a good choice for flow models.",
  evaluations: (steps) => steps,
  sample: sampleEuler,
});
