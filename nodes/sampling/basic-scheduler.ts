import { recipeFlow } from "#runtime/sampling/recipe-sampling";
import { SCHEDULE_NAMES } from "#runtime/sampling/schedules";
import { basicSigmas } from "#runtime/sampling/sigmas";
import { combo, float, int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "BasicScheduler",
  title: "Noise levels",
  category: "sampling",
  description:
    "The noise levels of a run: a schedule, a number of steps and how much of the way is run.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    scheduler: combo(SCHEDULE_NAMES),
    steps: int({ default: 20, min: 1, max: 10000 }),
    denoise: float({ default: 1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: { SIGMAS: output("SIGMAS") },
  run: (context, { model, scheduler, steps, denoise }) => {
    const flow = recipeFlow(context.models, model);
    return { SIGMAS: basicSigmas({ schedule: scheduler, flow, steps, denoise }) };
  },
});
