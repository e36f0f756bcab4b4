import { defineSampler } from "#runtime/sdk/sampler";
import { sampleFlowDpm } from "#runtime/sampling/flow-dpm";

/** The stochastic form of wan_dpmpp (Lu et al. 2022, arXiv 2211.01095, appendix). */
export default defineSampler({
  name: "wan_dpmpp_sde",
  title: "DPM++ SDE (Wan's own)",
  description: "Wan's DPM++ with fresh noise at every step.",
  wholeTimesteps: true,
  evaluations: (steps) => steps,
  sample: (run) => sampleFlowDpm(run, { noisy: true }),
});
