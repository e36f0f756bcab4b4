/** Runs a sampler over states that a reference file gives. */
import { percentToSigma } from "#runtime/sampling/flow";
import type { SamplerDefinition } from "#runtime/sdk/sampler";
import type { Device } from "#runtime/tensor/device";
import type { Tensor } from "#runtime/tensor/tensor";
import type { GoldenTensor } from "./golden-file.ts";

export interface SolverRun {
  readonly device: Device;
  readonly sigmas: Float32Array;
  readonly shift: number;
  readonly start: GoldenTensor;
  readonly denoise: (x: Tensor, sigma: number) => Tensor;
}

/** Where the solver ends. Solvers that draw noise are none of the reference's: theirs is zero. */
export async function runSolver(
  sampler: SamplerDefinition,
  { device, sigmas, shift, start, denoise }: SolverRun,
): Promise<Float32Array> {
  using end = await sampler.sample({
    sigmas: sigmas.slice(),
    x: device.tensor(start.values, start.shape),
    almostNoise: Math.fround(percentToSigma({ shift, timestepFactor: 1000 }, 1e-4)),
    options: {},
    denoise,
    noise: () => device.zeros(start.shape),
    pathNoise: () => device.zeros(start.shape),
    step: () => device.sync(),
  });
  return await end.read();
}
