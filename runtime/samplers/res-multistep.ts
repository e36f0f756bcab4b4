import { defineSampler } from "#runtime/sdk/sampler";
import { eulerStep } from "#runtime/sampling/euler-step";
import { exp32, expm1, f32, log32 } from "#runtime/sampling/float32";
import { Held } from "#runtime/sampling/held";
import { stepsOf } from "#runtime/sampling/steps";
import { lincomb } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";

/** Refined exponential solver, second order multistep (Zhang et al. 2023, arXiv 2308.02157), without added noise. */
export default defineSampler({
  name: "res_multistep",
  title: "RES multistep",
  description: "Exponential second-order steps that use the step before.",
  evaluations: (steps) => steps,
  async sample(run) {
    using held = new Held();
    held.set("x", run.x);
    for (const { index, sigma, next } of stepsOf(run.sigmas)) {
      const denoised = held.set("denoised", run.denoise(held.get("x"), sigma));
      await run.step(index, denoised);
      const x = held.get("x");
      if (next === 0 || !held.has("before")) {
        held.set("x", eulerStep(x, denoised, sigma, next));
      } else {
        const width = f32(log32(sigma) - log32(next));
        // ComfyUI measures the step before from the level that it reached, which without noise is this one.
        const reached = -log32(run.sigmas[index] as number);
        const began = -log32(run.sigmas[index - 1] as number);
        const [now, past] = weights(width, f32(f32(began - reached) / width));
        held.set(
          "x",
          scope(() => {
            const slope = lincomb(denoised, held.get("before"), now, past);
            return lincomb(x, slope, exp32(-width), width);
          }),
        );
      }
      held.move("denoised", "before");
    }
    return held.release("x");
  },
});

/** Weights of this and the last clean estimate; 0 where they are undefined. */
function weights(width: number, ratio: number): [now: number, past: number] {
  const first = f32(expm1(-width) / -width);
  const second = f32(f32(first - 1) / -width);
  const past = f32(second / ratio);
  const now = f32(first - past);
  return [Number.isNaN(now) ? 0 : now, Number.isNaN(past) ? 0 : past];
}
