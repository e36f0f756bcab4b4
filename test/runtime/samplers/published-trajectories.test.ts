import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { runAnalytic } from "../../helpers/sampler-run.ts";
import { sharedDir, sharedPath, sharedTensors } from "../../helpers/shared.ts";
import { relativeError } from "../../helpers/tensors.ts";

const f = Math.fround;

/** The flow of Wan's and HunyuanVideo's recorded runs: 0.7 x cos(3 sigma) + sin(2 x + sigma). */
function velocity(x: number, sigma: number): number {
  const first = f(f(0.7 * x) * f(Math.cos(f(3 * sigma))));
  return f(first + f(Math.sin(f(f(2 * x) + sigma))));
}

function files(folder: string, prefix: string): string[] {
  if (sharedDir() === null) return [];
  return readdirSync(sharedPath(`goldens/${folder}`))
    .filter((file) => file.startsWith(prefix) && file.endsWith(".safetensors"))
    .map((file) => `goldens/${folder}/${file}`);
}

/** Compares every recorded state: what the model is asked about, and the end. */
async function compare(file: string, sampler: string, flow = velocity): Promise<void> {
  const golden = sharedTensors(file);
  const states = golden.get("trajectory");
  const size = states.values.length / (states.shape[0] as number);
  const state = (i: number): Float32Array => states.values.subarray(i * size, (i + 1) * size);
  let asked = 0;
  const { out, liveTensors } = await runAnalytic(samplerByName(sampler), {
    sigmas: [...golden.get("sigmas").values],
    x: state(0),
    velocity: flow,
    onAsk: (x) => expect(relativeError(x, state(asked++)), `state ${asked}`).toBeLessThan(1e-5),
  });
  expect(asked).toBe((states.shape[0] as number) - 1);
  expect(relativeError(out, state(asked))).toBeLessThan(1e-5);
  expect(liveTensors).toBe(0);
}

describe.skipIf(sharedDir() === null)("published solvers", () => {
  test.each(files("wan/schedulers", "unipc"))("%s", async (file) => {
    const [, shift, steps] = /shift([\d.]+)_steps(\d+)/.exec(file) as unknown as [
      string,
      string,
      string,
    ];
    const golden = sharedTensors(file);
    const sigmas = scheduleSigmas(
      "wan",
      { shift: Number(shift), timestepFactor: 1000 },
      Number(steps),
    );
    expect(relativeError(sigmas, golden.get("sigmas").values)).toBeLessThan(1e-7);
    const timesteps = Array.from(sigmas.slice(0, -1), (sigma) => Math.trunc(sigma * 1000));
    expect(timesteps).toEqual([...golden.get("timesteps").values]);
    await compare(file, "wan_unipc");
  });

  test.each(files("wan/schedulers", "euler"))("%s", (file) => compare(file, "euler"));

  test.each(files("hunyuan/schedulers", "flow"))("%s", (file) => compare(file, "euler"));

  test("are all there", () => {
    expect(files("wan/schedulers", "unipc")).toHaveLength(24);
    expect(files("wan/schedulers", "euler")).toHaveLength(24);
    expect(files("hunyuan/schedulers", "flow").length).toBeGreaterThan(10);
  });
});

test("Wan's solver stays finite from pure noise", async () => {
  const { out } = await runAnalytic(samplerByName("wan_unipc"), {
    sigmas: [1, 0.9, 0.5, 0.2, 0],
    x: Float32Array.of(1, -1, 0.5),
    velocity,
  });
  expect(out.every(Number.isFinite)).toBe(true);
});
