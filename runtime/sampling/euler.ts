import type { SamplerRun } from "#runtime/sdk/sampler";
import type { Tensor } from "#runtime/tensor/tensor";
import { eulerStep } from "./euler-step.ts";
import { Held } from "./held.ts";
import { stepsOf } from "./steps.ts";

/** Euler's method (Karras et al. 2022, algorithm 2 without churn). */
export async function sampleEuler(run: SamplerRun): Promise<Tensor> {
  using held = new Held();
  held.set("x", run.x);
  for (const { index, sigma, next } of stepsOf(run.sigmas)) {
    const denoised = held.set("denoised", run.denoise(held.get("x"), sigma));
    await run.step(index, denoised);
    held.set("x", eulerStep(held.get("x"), denoised, sigma, next));
  }
  return held.release("x");
}
