import { defineSampler } from "#runtime/sdk/sampler";
import { expm1, f32, log32 } from "#runtime/sampling/float32";
import { Held } from "#runtime/sampling/held";
import { stepsOf } from "#runtime/sampling/steps";
import { lincomb } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";

/** DPM-Solver++(2M) (Lu et al. 2022, arXiv 2211.01095), in k-diffusion's form: time is -ln sigma. */
export default defineSampler({
  name: "dpmpp_2m",
  title: "DPM++ 2M",
  description: "Uses the step before for a second-order step. Sharp results from few steps.",
  evaluations: (steps) => steps,
  async sample(run) {
    using held = new Held();
    held.set("x", run.x);
    let lastWidth = 0;
    for (const { index, sigma, next } of stepsOf(run.sigmas)) {
      const denoised = held.set("denoised", run.denoise(held.get("x"), sigma));
      await run.step(index, denoised);
      const width = f32(log32(sigma) - log32(next));
      const decay = expm1(-width);
      const x = held.get("x");
      held.set(
        "x",
        scope(() => {
          if (next === 0 || !held.has("before"))
            return lincomb(x, denoised, f32(next / sigma), -decay);
          const share = f32(1 / f32(2 * f32(lastWidth / width)));
          const ahead = lincomb(denoised, held.get("before"), f32(1 + share), -share);
          return lincomb(x, ahead, f32(next / sigma), -decay);
        }),
      );
      held.move("denoised", "before");
      lastWidth = width;
    }
    return held.release("x");
  },
});
