/**
 * UniPC (Zhao et al. 2023, arXiv 2302.04867), multistep with B(h), predicting clean latents. Each update predicts the
 * next state, asks the model there, and corrects the state with the answer; the last update has no corrector.
 * Coefficients are evaluated in float32 as in the published code: near the clean end their cancellation is visible.
 */
import type { SamplerRun } from "#runtime/sdk/sampler";
import { affine, sub } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { expm1, f32, pow32 } from "./float32.ts";
import { Held } from "./held.ts";
import { solve } from "./linear-system.ts";
import { weightedSum, type Term } from "./weighted-sum.ts";

/** A noise level in the variables of the solver: state = alpha clean + deviation noise. */
export interface Level {
  readonly sigma: number;
  readonly alpha: number;
  readonly deviation: number;
  /** ln(alpha / deviation) */
  readonly lambda: number;
  /** What the state is multiplied by before the model sees it. */
  readonly inputScale: number;
}

export interface UniPcPlan {
  /** steps + 1 levels. */
  readonly levels: readonly Level[];
  readonly mostOrder: 2 | 3;
  readonly variant: "bh1" | "bh2";
}

/** Runs the solver from run.x, which must be in the solver's variables, and returns the state at the last level. */
export async function sampleUniPc(run: SamplerRun, plan: UniPcPlan): Promise<Tensor> {
  using held = new Held();
  held.set("x", run.x);
  const { levels } = plan;
  const steps = levels.length - 1;
  const estimate = (state: Tensor, level: Level): Tensor => {
    if (level.inputScale === 1) return run.denoise(state, level.sigma);
    using scaled = affine(state, level.inputScale, 0);
    return run.denoise(scaled, level.sigma);
  };
  held.set("0", estimate(held.get("x"), levels[0] as Level));
  await run.step(0, held.get("0"));
  for (let k = 1; k <= steps; k++) {
    const order = Math.min(plan.mostOrder, k, steps + 1 - k);
    const history = Array.from({ length: order }, (_, i) => ({
      level: levels[k - 1 - i] as Level,
      denoised: held.get(String(k - 1 - i)),
    }));
    const target = levels[k] as Level;
    const weights = updateWeights(
      plan.variant,
      target,
      history.map(({ level }) => level),
    );
    const predicted = scope(() => update(held.get("x"), history, weights.base, weights.predictor));
    held.set("predicted", predicted);
    if (k < steps) {
      const denoised = held.set(String(k), estimate(predicted, target));
      const answers = [...history, { denoised }];
      held.set(
        "x",
        scope(() => update(held.get("x"), answers, weights.base, weights.corrector)),
      );
      await run.step(k, denoised);
    } else {
      held.move("predicted", "x");
    }
    const oldest = String(k - plan.mostOrder);
    if (held.has(oldest)) held.release(oldest)[Symbol.dispose]();
  }
  return held.release("x");
}

interface UpdateWeights {
  /** On the state and on the last clean estimate. */
  readonly base: readonly [number, number];
  /** On the differences of the other estimates to the last one, in the order of the history. */
  readonly predictor: readonly number[];
  /** The same, and at the end on the difference of the estimate at the predicted state. */
  readonly corrector: readonly number[];
}

/** `from`: levels of the last estimates, latest first; their number is the order. */
function updateWeights(
  variant: "bh1" | "bh2",
  target: Level,
  from: readonly Level[],
): UpdateWeights {
  const last = from[0] as Level;
  const order = from.length;
  const width = f32(target.lambda - last.lambda);
  const ratios = from.slice(1).map((level) => f32(f32(level.lambda - last.lambda) / width));
  const back = -width;
  const growth = expm1(back);
  const scale = variant === "bh1" ? back : growth;
  const moments: number[] = [];
  let phi = f32(f32(growth / back) - 1);
  let factorial = 1;
  for (let i = 1; i <= order; i++) {
    moments.push(f32(f32(phi * factorial) / scale));
    factorial *= i + 1;
    phi = f32(f32(phi / back) - f32(1 / factorial));
  }
  const nodes = [...ratios, 1];
  const powers = moments.map((_, i) => nodes.map((node) => pow32(node, i)));
  const inner = powers.slice(0, -1).map((row) => row.slice(0, -1));
  const predictor = order <= 2 ? ratios.map(() => 0.5) : solve(inner, moments.slice(0, -1));
  const corrector = order === 1 ? [0.5] : solve(powers, moments);
  const step = -f32(target.alpha * scale);
  const perNode = (weight: number, i: number): number =>
    (step * f32(weight)) / (nodes[i] as number);
  return {
    base: [f32(target.deviation / last.deviation), -f32(target.alpha * growth)],
    predictor: predictor.map(perNode),
    corrector: corrector.map(perNode),
  };
}

function update(
  x: Tensor,
  estimates: readonly { readonly denoised: Tensor }[],
  base: readonly [number, number],
  differences: readonly number[],
): Tensor {
  const last = (estimates[0] as { denoised: Tensor }).denoised;
  const terms = differences.map((weight, i): Term => [
    weight,
    sub((estimates[i + 1] as { denoised: Tensor }).denoised, last),
  ]);
  return weightedSum([base[0], x], [base[1], last], ...terms);
}
