import { describe, expect, test } from "vitest";
import { betaQuantile } from "#runtime/sampling/beta-quantile";
import { SCHEDULE_NAMES, scheduleSigmas, type ScheduleName } from "#runtime/sampling/schedules";
import { sharedDir, sharedJson } from "../../helpers/shared.ts";

interface Tables {
  readonly sigmas: Readonly<Record<string, readonly number[]>>;
}

describe.skipIf(sharedDir() === null)("schedules equal ComfyUI's tables", () => {
  const { sigmas } =
    sharedDir() === null ? { sigmas: {} } : sharedJson<Tables>("comfyui/rng_sigmas_samplers.json");
  test.each(Object.keys(sigmas))("%s", (key) => {
    const [name, shift, steps] = key.replace(/ .*/, "").split("/") as [
      ScheduleName,
      string,
      string,
    ];
    const flow = { shift: Number(shift), timestepFactor: key.includes("multiplier=1") ? 1 : 1000 };
    const actual = [...scheduleSigmas(name, flow, Number(steps))];
    const expected = sigmas[key] as readonly number[];
    expect(actual).toHaveLength(expected.length);
    const worst = Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] as number))));
    expect(worst).toBeLessThan(2e-7);
  });

  test("covers eight schedules", () => {
    expect(new Set(Object.keys(sigmas).map((key) => key.split("/")[0])).size).toBe(8);
  });
});

test("beta picks exactly ComfyUI's places for 20 steps", () => {
  const table = Array.from({ length: 1000 }, (_, i) => Math.fround((i + 1) / 1000));
  const picked = [...scheduleSigmas("beta", { shift: 1, timestepFactor: 1000 }, 20)].slice(0, -1);
  expect(picked.map((sigma) => table.indexOf(sigma))).toEqual([
    999, 986, 959, 922, 876, 823, 765, 703, 637, 569, 500, 430, 362, 296, 234, 176, 123, 77, 40, 13,
  ]);
});

test("beta drops repeated places when steps are many", () => {
  const sigmas = scheduleSigmas("beta", { shift: 1, timestepFactor: 1000 }, 900);
  expect(sigmas.length).toBeLessThan(901);
  expect(new Set(sigmas).size).toBe(sigmas.length);
});

test("beta quantiles invert known values of the incomplete beta function", () => {
  // I_x(2, 3) = 6x^2 - 8x^3 + 3x^4; I_x(1/2, 1/2) = 2/pi asin(sqrt(x)).
  for (const x of [1e-4, 0.01, 0.2, 0.5, 0.77, 0.99]) {
    expect(betaQuantile(6 * x ** 2 - 8 * x ** 3 + 3 * x ** 4, 2, 3)).toBeCloseTo(x, 11);
    expect(betaQuantile((2 / Math.PI) * Math.asin(Math.sqrt(x)), 0.5, 0.5)).toBeCloseTo(x, 11);
  }
  expect(betaQuantile(0, 0.6, 0.6)).toBe(0);
  expect(betaQuantile(1, 0.6, 0.6)).toBe(1);
});

test("kl_optimal steps evenly in atan(sigma)", () => {
  const sigmas = [...scheduleSigmas("kl_optimal", { shift: 8, timestepFactor: 1000 }, 5)];
  const angles = sigmas.slice(0, -1).map(Math.atan);
  const steps = angles.slice(1).map((angle, i) => angle - (angles[i] as number));
  for (const step of steps) expect(step).toBeCloseTo(steps[0] as number, 6);
  expect(sigmas[0]).toBeCloseTo(1, 6);
  expect(sigmas[4]).toBeCloseTo(0.00794439, 6);
  expect(sigmas[5]).toBe(0);
});

test.each(SCHEDULE_NAMES)("%s falls to 0 for any number of steps", (name) => {
  for (const steps of [1, 2, 3, 7, 50, 1000]) {
    const sigmas = [...scheduleSigmas(name, { shift: 5, timestepFactor: 1000 }, steps)];
    expect(sigmas.at(-1)).toBe(0);
    sigmas.slice(1).forEach((sigma, i) => expect(sigma).toBeLessThanOrEqual(sigmas[i] as number));
    expect(sigmas.every(Number.isFinite)).toBe(true);
  }
});

test("unknown schedules and impossible steps are refused", () => {
  const flow = { shift: 5, timestepFactor: 1000 };
  expect(() => scheduleSigmas("nope" as ScheduleName, flow, 4)).toThrow(
    "Expected a schedule out of",
  );
  expect(() => scheduleSigmas("simple", flow, 0)).toThrow("at least 1 step");
  expect(() => scheduleSigmas("simple", { ...flow, shift: 0 }, 4)).toThrow("positive shift");
});
