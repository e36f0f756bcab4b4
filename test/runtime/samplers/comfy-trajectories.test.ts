import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { samplerByName, SAMPLER_NAMES } from "#runtime/sampling/sampler-registry";
import { TorchRandom } from "#runtime/sampling/noise";
import { runAnalytic } from "../../helpers/sampler-run.ts";
import { sharedDir, sharedJson } from "../../helpers/shared.ts";
import { relativeError } from "../../helpers/tensors.ts";

const f = Math.fround;

/** The flow of the recorded runs: 0.7 x + 0.2 sigma + 0.1 x^3 / (1 + x^2). */
function velocity(x: number, sigma: number): number {
  const cube = f(f(0.1 * f(f(x * x) * x)) / f(1 + f(x * x)));
  return f(f(f(0.7 * x) + f(0.2 * sigma)) + cube);
}

interface Recorded {
  readonly sampler: string;
  readonly shift: number;
  readonly seed: string;
  readonly sigmas: readonly number[];
  readonly asked: readonly number[];
  readonly out: readonly number[];
}

const { cases } = JSON.parse(
  readFileSync(new URL("../../fixtures/sampler-trajectories.json", import.meta.url), "utf8"),
) as { cases: Recorded[] };

test.each(cases)("$sampler equals ComfyUI at shift $shift, seed $seed", async (recorded) => {
  const seed = BigInt(recorded.seed);
  const first = recorded.sigmas[0] as number;
  const sampler = samplerByName(recorded.sampler);
  const steps: number[] = [];
  const { out, sigmas, asked, liveTensors } = await runAnalytic(sampler, {
    sigmas: recorded.sigmas,
    x: new TorchRandom(seed).randn(16).map((value) => value * first),
    seed,
    shift: recorded.shift,
    velocity,
    onStep: (index) => void steps.push(index),
  });
  const last = f(1 - (sigmas.at(-1) as number));
  expect(
    relativeError(
      out.map((value) => value / last),
      recorded.out,
    ),
  ).toBeLessThan(1e-5);
  expect(relativeError(asked, recorded.asked)).toBeLessThan(1e-6);
  expect(asked).toHaveLength(sampler.evaluations(recorded.sigmas.length - 1));
  expect(steps).toEqual(Array.from({ length: recorded.sigmas.length - 1 }, (_, i) => i));
  expect(liveTensors).toBe(0);
});

test("the recorded runs cover every sampler of ComfyUI that is here", () => {
  const recorded = new Set(cases.map(({ sampler }) => sampler));
  expect(SAMPLER_NAMES.filter((name) => !recorded.has(name))).toEqual([
    "wan_dpmpp",
    "wan_dpmpp_sde",
    "wan_unipc",
  ]);
});

interface Trajectory {
  readonly sigmas: readonly number[];
  readonly model_sigmas: readonly number[];
  readonly out: readonly number[];
}

const NAMES: Readonly<Record<string, string>> = {
  euler_ancestral_RF: "euler_ancestral",
  uni_pc_bh1: "uni_pc",
};

describe.skipIf(sharedDir() === null)("the shared trajectories", () => {
  const shared =
    sharedDir() === null
      ? { trajectories: {}, x0: [] }
      : sharedJson<{ trajectories: Record<string, Trajectory>; x0: number[] }>(
          "comfyui/rng_sigmas_samplers.json",
        );
  const known = Object.entries(shared.trajectories).filter(([key, { model_sigmas }]) => {
    const name = key.split("/")[0] as string;
    return model_sigmas !== undefined && SAMPLER_NAMES.includes(NAMES[name] ?? name);
  });
  test.each(known)("%s within 1e-5", async (key, trajectory) => {
    const name = key.split("/")[0] as string;
    const { out, sigmas } = await runAnalytic(samplerByName(NAMES[name] ?? name), {
      sigmas: trajectory.sigmas.map((sigma) =>
        sigma === f(0.001) || sigma === 0.00100000005 ? 0 : sigma,
      ),
      x: Float32Array.from(shared.x0),
      // These were recorded before ComfyUI counted the sampler's seed up by one.
      seed: -1n,
      velocity,
    });
    const last = f(1 - (sigmas.at(-1) as number));
    expect(
      relativeError(
        out.map((value) => value / last),
        trajectory.out,
      ),
    ).toBeLessThan(1e-5);
  });

  test("are all run but those of samplers that are not here", () => {
    const rest = Object.keys(shared.trajectories).filter(
      (key) => !known.some(([name]) => name === key),
    );
    expect(rest).toEqual(["ipndm/simple/8/shift8", "two_expert euler/simple/20/shift8 split10"]);
  });
});
