import { defineSampler } from "#runtime/sdk/sampler";
import { deisWeights } from "#runtime/sampling/deis-weights";
import { Held } from "#runtime/sampling/held";
import { stepsOf } from "#runtime/sampling/steps";
import { weightedSum, type Term } from "#runtime/sampling/weighted-sum";
import { lincomb } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";

const MOST_ORDER = 3;

/** DEIS of third order (Zhang and Chen 2022, arXiv 2204.13902): extrapolates the slope from the steps before. */
export default defineSampler({
  name: "deis",
  title: "DEIS",
  description: "Multistep with polynomials through the last three slopes.",
  evaluations: (steps) => steps,
  async sample(run) {
    using held = new Held();
    const weights = deisWeights(run.sigmas, MOST_ORDER);
    held.set("x", run.x);
    for (const { index, sigma, next } of stepsOf(run.sigmas)) {
      const x = held.get("x");
      const denoised = held.set("denoised", run.denoise(x, sigma));
      await run.step(index, denoised);
      const slope = held.set("slope0", lincomb(x, denoised, 1 / sigma, -1 / sigma));
      const higher = next > 0 ? (weights[index] as readonly number[]) : [];
      const slopes = higher.map((weight, k): Term => [weight, held.get(`slope${k}`)]);
      const terms: readonly Term[] = slopes.length > 0 ? slopes : [[next - sigma, slope]];
      held.set(
        "x",
        scope(() => weightedSum([1, x], ...terms)),
      );
      if (held.has("slope1")) held.move("slope1", "slope2");
      held.move("slope0", "slope1");
    }
    return held.release("x");
  },
});
