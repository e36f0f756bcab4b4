import { defineSampler } from "#runtime/sdk/sampler";
import { f32 } from "#runtime/sampling/float32";
import { Held } from "#runtime/sampling/held";
import { numberOption } from "#runtime/sampling/options";
import { stepsOf } from "#runtime/sampling/steps";
import { lincomb } from "#runtime/tensor/ops";

/** Latent consistency (Luo et al. 2023, arXiv 2310.04378): jump to the clean estimate, add noise for the next level. */
export default defineSampler({
  name: "lcm",
  title: "LCM",
  description: "For models and LoRAs distilled to a few steps.",
  evaluations: (steps) => steps,
  async sample(run) {
    using held = new Held();
    held.set("x", run.x);
    const noiseScale = numberOption(run, "s_noise", 1);
    for (const { index, sigma, next } of stepsOf(run.sigmas)) {
      const denoised = held.set("denoised", run.denoise(held.get("x"), sigma));
      // Noise is made while the device computes.
      if (next > 0) held.set("noise", run.noise());
      await run.step(index, denoised);
      if (next === 0) {
        held.move("denoised", "x");
        continue;
      }
      held.set("x", lincomb(held.get("noise"), denoised, next * noiseScale, f32(1 - next)));
    }
    return held.release("x");
  },
});
