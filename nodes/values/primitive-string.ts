import { text } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "PrimitiveString",
  title: "Text line",
  category: "values",
  description: "A value that several inputs can share.",
  version: 1,
  inputs: { value: text() },
  outputs: { STRING: output("STRING") },
  run: (_context, { value }) => ({ STRING: value }),
});
