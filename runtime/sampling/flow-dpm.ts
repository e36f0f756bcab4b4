/**
 * DPM-Solver++ of second order, multistep, midpoint form, for flows: signal 1 - sigma, noise sigma, and time
 * lambda = log((1 - sigma) / sigma). First order for the first step and the last.
 */
import type { SamplerRun } from "#runtime/sdk/sampler";
import type { Tensor } from "#runtime/tensor/tensor";
import { scope } from "#runtime/tensor/scope";
import { Held } from "./held.ts";
import { stepsOf } from "./steps.ts";
import { weightedSum, type Term } from "./weighted-sum.ts";

export async function sampleFlowDpm(
  run: SamplerRun,
  { noisy }: { readonly noisy: boolean },
): Promise<Tensor> {
  using held = new Held();
  held.set("x", run.x);
  const steps = stepsOf(run.sigmas);
  let lastWidth = Number.POSITIVE_INFINITY;
  for (const { index, sigma, next } of steps) {
    const denoised = held.set("denoised", run.denoise(held.get("x"), sigma));
    const isNoisy = noisy && next > 0;
    // Noise is made while the device computes.
    if (isNoisy) held.set("noise", run.noise());
    await run.step(index, denoised);
    const width = logSnr(next) - logSnr(sigma);
    const decay = Math.exp(-width);
    const pull = (1 - next) * (1 - (noisy ? decay * decay : decay));
    // How far the estimate is carried on along its change since the step before.
    const isFirstOrder = !held.has("before") || index === steps.length - 1;
    const share = isFirstOrder ? 0 : (pull * width) / (2 * lastWidth);
    const kept = (next / sigma) * (noisy ? decay : 1);
    const terms: Term[] = [[pull + share, denoised]];
    if (share !== 0) terms.push([-share, held.get("before")]);
    if (isNoisy) terms.push([next * Math.sqrt(1 - decay * decay), held.get("noise")]);
    held.set(
      "x",
      scope(() => weightedSum([kept, held.get("x")], ...terms)),
    );
    held.move("denoised", "before");
    lastWidth = width;
  }
  return held.release("x");
}

function logSnr(sigma: number): number {
  return Math.log(1 - sigma) - Math.log(sigma);
}
