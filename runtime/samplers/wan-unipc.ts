import { defineSampler } from "#runtime/sdk/sampler";
import { f32, log32 } from "#runtime/sampling/float32";
import { sampleUniPc, type Level } from "#runtime/sampling/uni-pc";

/** The solver of the Wan2.1 repository: UniPC of order 2 in flow variables, timesteps cut to whole numbers. */
export default defineSampler({
  name: "wan_unipc",
  title: "UniPC (Wan's own)",
  description: "The solver of Wan's original code. Use it with the schedule wan.",
  wholeTimesteps: true,
  evaluations: (steps) => steps,
  sample: (run) =>
    sampleUniPc(run, {
      levels: Array.from(run.sigmas, (sigma) => toLevel(sigma, run.almostNoise)),
      mostOrder: 2,
      variant: "bh2",
    }),
});

function toLevel(sigma: number, almostNoise: number): Level {
  const measured = Math.min(sigma, almostNoise);
  return {
    sigma,
    alpha: f32(1 - sigma),
    deviation: sigma,
    lambda: f32(log32(f32(1 - measured)) - log32(measured)),
    inputScale: 1,
  };
}
