import { defineSampler } from "#runtime/sdk/sampler";
import { exp32, expm1, f32, sqrt32 } from "#runtime/sampling/float32";
import { Held } from "#runtime/sampling/held";
import { finiteLevels, halfLogSnr } from "#runtime/sampling/log-snr";
import { numberOption } from "#runtime/sampling/options";
import { stepsOf } from "#runtime/sampling/steps";
import { weightedSum, type Term } from "#runtime/sampling/weighted-sum";
import { sub } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";

/** DPM-Solver++(2M) SDE, midpoint form (Lu et al. 2022, arXiv 2211.01095), over the flow's half log SNR. */
export default defineSampler({
  name: "dpmpp_2m_sde",
  title: "DPM++ 2M SDE",
  description: "DPM++ 2M with noise along one path a seed: detail keeps as steps change.",
  evaluations: (steps) => steps,
  async sample(run) {
    using held = new Held();
    held.set("x", run.x);
    const eta = numberOption(run, "eta", 1);
    const noiseScale = numberOption(run, "s_noise", 1);
    let lastWidth = 0;
    for (const { index, sigma, next } of stepsOf(finiteLevels(run.sigmas, run.almostNoise))) {
      const denoised = held.set("denoised", run.denoise(held.get("x"), sigma));
      const noisy = next > 0 && eta > 0 && noiseScale > 0;
      // Noise is made while the device computes.
      if (noisy) held.set("noise", run.pathNoise(sigma, next));
      await run.step(index, denoised);
      if (next === 0) {
        held.move("denoised", "x");
        continue;
      }
      const end = halfLogSnr(next);
      const width = f32(end - halfLogSnr(sigma));
      const alpha = f32(next * exp32(end));
      const pull = -expm1(-f32(width * f32(eta + 1)));
      const terms: Term[] = [[f32(alpha * pull), denoised]];
      if (noisy) {
        const spread = sqrt32(-expm1(f32(f32(-2 * width) * eta)));
        terms.push([f32(next * spread) * noiseScale, held.get("noise")]);
      }
      held.set(
        "x",
        scope(() => {
          if (held.has("before")) {
            const half = f32(f32(0.5 * alpha) * pull);
            const trend = sub(denoised, held.get("before"));
            terms.push([f32(half * f32(1 / f32(lastWidth / width))), trend]);
          }
          const decay = f32(f32(next / sigma) * exp32(f32(-width * eta)));
          return weightedSum([decay, held.get("x")], ...terms);
        }),
      );
      held.move("denoised", "before");
      lastWidth = width;
    }
    return held.release("x");
  },
});
