import { boolean } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "PrimitiveBoolean",
  title: "Switch",
  category: "values",
  description: "A value that several inputs can share.",
  version: 1,
  inputs: { value: boolean({ default: false }) },
  outputs: { BOOLEAN: output("BOOLEAN") },
  run: (_context, { value }) => ({ BOOLEAN: value }),
});
