import { expect, test } from "vitest";
import { samplerByName, SAMPLER_NAMES } from "#runtime/sampling/sampler-registry";
import { TorchRandom } from "#runtime/sampling/noise";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { runAnalytic, type AnalyticRun } from "../../helpers/sampler-run.ts";

const NAMES = SAMPLER_NAMES;

/** Flow of a distribution whose clean latents are all 0.5: (x - 0.5) / sigma. */
const toHalf = (x: number, sigma: number): number => (x - 0.5) / sigma;

function runOf(steps: number, change: Partial<AnalyticRun> = {}): AnalyticRun {
  const sigmas = [...scheduleSigmas("simple", { shift: 5, timestepFactor: 1000 }, steps)];
  return { sigmas, x: new TorchRandom(2n).randn(32), velocity: toHalf, shift: 5, ...change };
}

test("menus begin as ComfyUI's do", () => {
  expect(NAMES.slice(0, 4)).toEqual(["euler", "euler_ancestral", "heun", "dpmpp_sde"]);
  expect(NAMES).toHaveLength(15);
  expect(() => samplerByName("eular")).toThrow("Did you mean");
});

test.each(NAMES)("%s finds a distribution of one point in any number of steps", async (name) => {
  for (const steps of [1, 2, 3, 4, 9]) {
    const { out, sigmas, liveTensors } = await runAnalytic(samplerByName(name), runOf(steps));
    const last = 1 - (sigmas.at(-1) as number);
    // ComfyUI's UniPC ends at sigma 0.001, where a thousandth of the noise is left.
    for (const value of out)
      expect(Math.abs(value / last - 0.5)).toBeLessThan(name.startsWith("uni_pc") ? 6e-3 : 1e-4);
    expect(liveTensors).toBe(0);
  }
});

test.each(NAMES)("%s leaves no tensor when it is cancelled at any step", async (name) => {
  for (let stop = 0; stop < 5; stop++) {
    const run = runOf(5, {
      onStep: (index) => {
        if (index === stop) throw new Error("stop");
      },
    });
    await expect(runAnalytic(samplerByName(name), run)).rejects.toThrow("stop");
  }
});

test.each(NAMES)("%s leaves no tensor when the model fails at any call", async (name) => {
  for (let fail = 0; fail < 6; fail++) {
    let calls = 0;
    const run = runOf(5, {
      onAsk: () => {
        if (calls++ === fail) throw new Error("model");
      },
    });
    if (fail < samplerByName(name).evaluations(5)) {
      await expect(runAnalytic(samplerByName(name), run)).rejects.toThrow("model");
    }
  }
});

test.each(NAMES)("%s ends where a partial schedule ends", async (name) => {
  const sigmas = [0.9, 0.7, 0.5];
  const { out, liveTensors } = await runAnalytic(samplerByName(name), runOf(2, { sigmas }));
  expect(out.every(Number.isFinite)).toBe(true);
  expect(liveTensors).toBe(0);
});

test.each(["euler_ancestral", "dpmpp_sde", "dpmpp_2m_sde"])(
  "%s without eta repeats itself for any seed",
  async (name) => {
    const curved = (x: number, sigma: number): number => x * Math.cos(3 * sigma);
    const run = (seed: bigint, eta: number) =>
      runAnalytic(samplerByName(name), runOf(6, { seed, velocity: curved, options: { eta } })).then(
        ({ out }) => out,
      );
    expect(await run(1n, 0)).toEqual(await run(2n, 0));
    expect(await run(1n, 1)).not.toEqual(await run(2n, 1));
    expect(await run(1n, 1)).toEqual(await run(1n, 1));
    await expect(run(1n, Number.NaN)).rejects.toThrow("Expected a number for eta");
  },
);
