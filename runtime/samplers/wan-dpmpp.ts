import { defineSampler } from "#runtime/sdk/sampler";
import { sampleFlowDpm } from "#runtime/sampling/flow-dpm";

/** DPM-Solver++(2M) in flow variables (Lu et al. 2022, arXiv 2211.01095), as the Wan2.1 repository has it. */
export default defineSampler({
  name: "wan_dpmpp",
  title: "DPM++ (Wan's own)",
  description: "The second solver of Wan's original code. Use it with the schedule wan.",
  wholeTimesteps: true,
  evaluations: (steps) => steps,
  sample: (run) => sampleFlowDpm(run, { noisy: false }),
});
