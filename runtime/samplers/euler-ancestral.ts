import { defineSampler } from "#runtime/sdk/sampler";
import { eulerStep } from "#runtime/sampling/euler-step";
import { f32, sqrt32 } from "#runtime/sampling/float32";
import { Held } from "#runtime/sampling/held";
import { numberOption } from "#runtime/sampling/options";
import { stepsOf } from "#runtime/sampling/steps";
import { lincomb } from "#runtime/tensor/ops";

/** Ancestral Euler for rectified flow: steps below the next level and climbs back with fresh noise. */
export default defineSampler({
  name: "euler_ancestral",
  title: "Euler ancestral",
  description:
    "Euler with fresh noise after each step. Varied and forgiving; never settles as steps grow.",
  evaluations: (steps) => steps,
  async sample(run) {
    using held = new Held();
    held.set("x", run.x);
    const eta = numberOption(run, "eta", 1);
    const noiseScale = numberOption(run, "s_noise", 1);
    for (const { index, sigma, next } of stepsOf(run.sigmas)) {
      const denoised = held.set("denoised", run.denoise(held.get("x"), sigma));
      // Noise is made while the device computes.
      if (next > 0 && eta > 0) held.set("noise", run.noise());
      await run.step(index, denoised);
      if (next === 0) {
        held.move("denoised", "x");
        continue;
      }
      const down = f32(next * f32(1 + f32(f32(f32(next / sigma) - 1) * eta)));
      held.set("x", eulerStep(held.get("x"), denoised, sigma, down));
      if (eta <= 0) continue;
      const shrink = f32(f32(1 - next) / f32(1 - down));
      const variance = f32(f32(next * next) - f32(f32(down * down) * f32(shrink * shrink)));
      held.set(
        "x",
        lincomb(held.get("x"), held.get("noise"), shrink, sqrt32(variance) * noiseScale),
      );
    }
    return held.release("x");
  },
});
