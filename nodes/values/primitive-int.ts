import { int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "PrimitiveInt",
  title: "Whole number",
  category: "values",
  description: "A value that several inputs can share.",
  version: 1,
  inputs: {
    value: int({ default: 0, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  },
  outputs: { INT: output("INT") },
  run: (_context, { value }) => ({ INT: value }),
});
