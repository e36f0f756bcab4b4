import { defineSampler } from "#runtime/sdk/sampler";
import { eulerStep } from "#runtime/sampling/euler-step";
import { Held } from "#runtime/sampling/held";
import { stepsOf } from "#runtime/sampling/steps";
import { lincomb, sub } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";

/** Heun's method (Karras et al. 2022, algorithm 2 without churn): the mean of the slopes at both ends of a step. */
export default defineSampler({
  name: "heun",
  title: "Heun",
  description: "Looks ahead and averages: more exact than Euler at twice the work.",
  evaluations: (steps) => 2 * steps - 1,
  async sample(run) {
    using held = new Held();
    held.set("x", run.x);
    for (const { index, sigma, next } of stepsOf(run.sigmas)) {
      const x = held.get("x");
      const denoised = held.set("denoised", run.denoise(x, sigma));
      const ahead = held.set("ahead", eulerStep(x, denoised, sigma, next));
      if (next === 0) {
        await run.step(index, denoised);
        held.move("ahead", "x");
        continue;
      }
      const second = held.set("second", run.denoise(ahead, next));
      await run.step(index, denoised);
      const half = (next - sigma) / 2;
      held.set(
        "x",
        scope(() => {
          const first = lincomb(x, sub(x, denoised), 1, half / sigma);
          return lincomb(first, sub(ahead, second), 1, half / next);
        }),
      );
    }
    return held.release("x");
  },
});
