import { text } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "PrimitiveStringMultiline",
  title: "Text",
  category: "values",
  description: "A value that several inputs can share.",
  version: 1,
  inputs: { value: text({ multiline: true }) },
  outputs: { STRING: output("STRING") },
  run: (_context, { value }) => ({ STRING: value }),
});
