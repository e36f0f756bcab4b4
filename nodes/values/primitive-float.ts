import { float } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "PrimitiveFloat",
  title: "Number",
  category: "values",
  description: "A value that several inputs can share.",
  version: 1,
  inputs: {
    value: float({ default: 0, min: -Number.MAX_VALUE, max: Number.MAX_VALUE, step: 0.1 }),
  },
  outputs: { FLOAT: output("FLOAT") },
  run: (_context, { value }) => ({ FLOAT: value }),
});
