import { defineSampler } from "#runtime/sdk/sampler";
import { exp32, expm1, f32, log32 } from "#runtime/sampling/float32";
import { Held } from "#runtime/sampling/held";
import {
  ancestralStep,
  finiteLevels,
  halfLogSnr,
  sigmaOfHalfLogSnr,
} from "#runtime/sampling/log-snr";
import { numberOption } from "#runtime/sampling/options";
import { stepsOf } from "#runtime/sampling/steps";
import { weightedSum, type Term } from "#runtime/sampling/weighted-sum";
import { lincomb } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

/** DPM-Solver++ SDE of second order (Lu et al. 2022, arXiv 2211.01095), with a model call in the middle of each step. */
export default defineSampler({
  name: "dpmpp_sde",
  title: "DPM++ SDE",
  description:
    "Two model calls a step and noise along one path a seed: rich detail from few steps.",
  evaluations: (steps) => 2 * steps - 1,
  async sample(run) {
    using held = new Held();
    held.set("x", run.x);
    const eta = numberOption(run, "eta", 1);
    const noiseScale = numberOption(run, "s_noise", 1);
    const middle = numberOption(run, "r", 0.5);
    for (const { index, sigma, next } of stepsOf(finiteLevels(run.sigmas, run.almostNoise))) {
      const denoised = held.set("denoised", run.denoise(held.get("x"), sigma));
      if (next === 0) {
        await run.step(index, denoised);
        held.move("denoised", "x");
        continue;
      }
      const start = halfLogSnr(sigma);
      const end = halfLogSnr(next);
      const halfway = f32(start + f32(middle * f32(end - start)));
      const between = sigmaOfHalfLogSnr(halfway);
      const alpha = f32(sigma * exp32(start));
      const noisy = eta > 0 && noiseScale > 0;
      /** From the step's beginning to a level, through an estimate of the clean latent. */
      const move = (lambda: number, level: number, estimate: Tensor): Tensor => {
        const { down, up } = ancestralStep(exp32(-start), exp32(-lambda), eta);
        const width = f32(-log32(down) - start);
        const scale = f32(level * exp32(lambda));
        const terms: Term[] = [[-f32(scale * expm1(-width)), estimate]];
        if (noisy) terms.push([scale * noiseScale * up, held.get("noise")]);
        const decay = f32(f32(scale / alpha) * exp32(-width));
        return scope(() => weightedSum([decay, held.get("x")], ...terms));
      };
      // Noise is made while the device computes.
      if (noisy) held.set("noise", run.pathNoise(sigma, between));
      const ahead = held.set("ahead", move(halfway, between, denoised));
      const second = held.set("second", run.denoise(ahead, between));
      if (noisy) held.set("noise", run.pathNoise(sigma, next));
      await run.step(index, denoised);
      const factor = 1 / (2 * middle);
      const mixed = held.set("mixed", lincomb(denoised, second, 1 - factor, factor));
      held.set("x", move(end, next, mixed));
    }
    return held.release("x");
  },
});
