import { socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import type { HostTensor } from "#runtime/sdk/values";

const zeros = (tensor: HostTensor): HostTensor => ({
  data: new Float32Array(tensor.data.length),
  shape: tensor.shape,
});

export default defineNode({
  type: "ConditioningZeroOut",
  title: "Zero out conditioning",
  category: "conditioning",
  description: "The same prompt with all values zero.",
  version: 1,
  inputs: { conditioning: socket("CONDITIONING") },
  outputs: { CONDITIONING: output("CONDITIONING") },
  run: (_context, { conditioning }) => ({
    CONDITIONING: conditioning.map((part) => ({
      context: zeros(part.context),
      extra: Object.fromEntries(
        Object.entries(part.extra).map(([name, value]) => [
          name,
          typeof value === "number" ? value : zeros(value),
        ]),
      ),
    })),
  }),
});
