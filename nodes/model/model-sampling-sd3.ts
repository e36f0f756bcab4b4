import { float, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "ModelSamplingSD3",
  title: "Flow shift",
  category: "model",
  description:
    "Moves the noise levels of flow models: higher values spend more steps on motion and layout.",
  version: 1,
  inputs: { model: socket("MODEL"), shift: float({ default: 3, min: 0, max: 100, step: 0.01 }) },
  outputs: { MODEL: output("MODEL") },
  run: (_context, { model, shift }) => ({ MODEL: { ...model, shift } }),
});
