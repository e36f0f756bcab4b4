import { combo } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { SAMPLER_NAMES } from "#runtime/sampling/sampler-registry";

export default defineNode({
  type: "KSamplerSelect",
  title: "Sampler",
  category: "sampling",
  description: "The solver that a custom sampling node uses.",
  version: 1,
  inputs: { sampler_name: combo(SAMPLER_NAMES) },
  outputs: { SAMPLER: output("SAMPLER") },
  run: (_context, { sampler_name }) => ({ SAMPLER: { name: sampler_name, options: {} } }),
});
