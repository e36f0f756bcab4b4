import { expect, test } from "vitest";
import { TorchRandom } from "#runtime/sampling/noise";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { runAnalytic } from "../../helpers/sampler-run.ts";

/** Clean latents of a normal distribution: the way from noise is known exactly, x(0) = SPREAD x(1). */
const SPREAD = 0.4;
function velocity(x: number, sigma: number): number {
  const signal = (1 - sigma) * SPREAD ** 2;
  const denoised = (signal / ((1 - sigma) * signal + sigma ** 2)) * x;
  return (x - denoised) / sigma;
}

async function endOf(name: string, steps: number, count: number) {
  const x = new TorchRandom(5n).randn(count);
  const sigmas = [...scheduleSigmas("wan", { shift: 3, timestepFactor: 1000 }, steps)];
  const { out } = await runAnalytic(samplerByName(name), { sigmas, x, velocity, shift: 3 });
  return { x, out };
}

async function errorOf(name: string, steps: number): Promise<number> {
  const { x, out } = await endOf(name, steps, 64);
  return Math.max(...Array.from(out, (value, i) => Math.abs(value - SPREAD * (x[i] ?? 0))));
}

test("wan_dpmpp is of second order, and nearer than Euler's", async () => {
  const errors = await Promise.all([10, 20, 40].map((steps) => errorOf("wan_dpmpp", steps)));
  const [coarse = 0, middle = 0, fine = 0] = errors;
  expect(coarse / middle).toBeGreaterThan(2.5);
  expect(middle / fine).toBeGreaterThan(2.5);
  expect(fine).toBeLessThan((await errorOf("euler", 40)) / 3);
});

test("wan_dpmpp_sde ends in the distribution, not on the way of its noise", async () => {
  const { x, out } = await endOf("wan_dpmpp_sde", 50, 20_000);
  const square = out.reduce((sum, value) => sum + value ** 2, 0) / out.length;
  expect(Math.sqrt(square)).toBeGreaterThan(SPREAD * 0.95);
  expect(Math.sqrt(square)).toBeLessThan(SPREAD * 1.05);
  const same = out.reduce((sum, value, i) => sum + value * (x[i] ?? 0), 0) / out.length;
  expect(Math.abs(same)).toBeLessThan(SPREAD * 0.3);
});
