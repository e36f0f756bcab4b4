import type { SamplerDefinition, SamplerRun } from "#runtime/sdk/sampler";
import { BrownianPath } from "#runtime/sampling/brownian-path";
import { percentToSigma } from "#runtime/sampling/flow";
import { TorchRandom } from "#runtime/sampling/noise";
import { HostDevice } from "./host-device.ts";

export interface AnalyticRun {
  readonly sigmas: readonly number[];
  /** Initial state. */
  readonly x: Float32Array;
  readonly shape?: readonly number[];
  readonly seed?: bigint;
  readonly shift?: number;
  /** Flow of one value, float32 in and out. */
  velocity(x: number, sigma: number): number;
  readonly options?: SamplerRun["options"];
  onStep?(index: number, denoised: Float32Array): void | Promise<void>;
  /** Called before each model call with the state that it sees. */
  onAsk?(x: Float32Array, sigma: number): void;
}

export interface AnalyticResult {
  readonly out: Float32Array;
  readonly sigmas: Float32Array;
  readonly asked: readonly number[];
  readonly liveTensors: number;
}

/** Runs a sampler on an analytic flow, on the host device. */
export async function runAnalytic(
  sampler: SamplerDefinition,
  run: AnalyticRun,
): Promise<AnalyticResult> {
  const device = new HostDevice();
  const sigmas = Float32Array.from(run.sigmas);
  const levels = sigmas.slice();
  const shape = run.shape ?? [run.x.length];
  const seed = run.seed ?? 0n;
  const stream = new TorchRandom(seed + 1n);
  const asked: number[] = [];
  let path: BrownianPath | undefined;
  const live = (): number => device.memory().liveTensors;
  try {
    const end = await sampler.sample({
      sigmas,
      x: device.tensor(run.x, shape),
      almostNoise: Math.fround(
        percentToSigma({ shift: run.shift ?? 1, timestepFactor: 1000 }, 1e-4),
      ),
      options: run.options ?? {},
      denoise(state, sigma) {
        const level = Math.fround(sigma);
        asked.push(level);
        const x = device.values(state);
        run.onAsk?.(x, level);
        const clean = x.map((value) => value - Math.fround(level * run.velocity(value, level)));
        return device.tensor(clean, shape);
      },
      noise: () => device.tensor(stream.randn(run.x.length), shape),
      pathNoise(sigma, next) {
        path ??= BrownianPath.over(levels, run.x.length, seed);
        return device.tensor(path.unitNoise(sigma, next), shape);
      },
      async step(index, denoised) {
        await run.onStep?.(index, device.values(denoised).slice());
      },
    });
    const out = device.values(end).slice();
    end[Symbol.dispose]();
    return { out, sigmas, asked, liveTensors: live() };
  } catch (error) {
    if (live() !== 0)
      throw new Error(`Expected no live tensor after a failed run, got ${live()}.`, {
        cause: error,
      });
    throw error;
  }
}
