import { text } from "#runtime/sdk/inputs";
import { defineNode } from "#runtime/sdk/node";

export default defineNode({
  type: "Note",
  title: "Note",
  category: "values",
  description: "Words beside the graph; never run.",
  version: 1,
  inputs: { text: text({ multiline: true }) },
  outputs: {},
  run: () => ({}),
});
