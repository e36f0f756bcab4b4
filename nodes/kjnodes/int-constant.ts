import { int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "INTConstant",
  title: "Whole number (KJNodes)",
  category: "kjnodes",
  description: "A value that several inputs can share.",
  version: 1,
  inputs: {
    value: int({ default: 0, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  },
  outputs: { value: output("INT") },
  searchAliases: ["PrimitiveInt"],
  run: (_context, { value }) => ({ value }),
});
