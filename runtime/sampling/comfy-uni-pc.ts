import type { SamplerRun } from "#runtime/sdk/sampler";
import { affine } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";
import { exp32, f32, log32, sqrt32 } from "./float32.ts";
import { sampleUniPc, type Level } from "./uni-pc.ts";

/** ComfyUI ends here instead of at 0. */
const LAST_SIGMA = 0.001;

/**
 * ComfyUI's UniPC: runs in variance-preserving variables made from sigma as if the model were a variance-exploding one.
 * It writes its last level into the caller's sigmas, and so the caller's division by 1 - sigma sees 0.001: results are
 * equal to ComfyUI's only with that.
 */
export async function sampleComfyUniPc(run: SamplerRun, variant: "bh1" | "bh2"): Promise<Tensor> {
  const { sigmas } = run;
  const last = sigmas.length - 1;
  if (sigmas[last] === 0) sigmas[last] = LAST_SIGMA;
  const levels = Array.from(sigmas, toLevel);
  const [first, end] = [levels[0] as Level, levels[last] as Level];
  using start = run.x;
  const x = affine(start, 1 / first.inputScale, 0);
  using state = await sampleUniPc({ ...run, x }, { levels, mostOrder: 3, variant });
  return affine(state, 1 / end.alpha, 0);
}

function toLevel(sigma: number): Level {
  const square = f32(sigma * sigma);
  const logAlpha = f32(0.5 * log32(f32(1 / f32(square + 1))));
  const noise = f32(1 - exp32(2 * logAlpha));
  return {
    sigma,
    alpha: exp32(logAlpha),
    deviation: sqrt32(noise),
    lambda: f32(logAlpha - f32(0.5 * log32(noise))),
    inputScale: sqrt32(f32(square + 1)),
  };
}
