import { expect, it } from "vitest";
import { exportPrompt } from "#runtime/graph/comfy/export-prompt";
import { NO_FACTS } from "#runtime/graph/comfy/node-facts";
import { parseDocument } from "#runtime/graph/document";
import { validateDocument } from "#runtime/graph/validate";

it("names that every object inherits are no nodes, values or subgraphs", () => {
  const document = parseDocument({
    umbel: 1,
    nodes: { a: { type: "Reroute", at: [0, 0] }, b: { type: "subgraph:constructor", at: [0, 0] } },
    links: [{ from: ["constructor", "toString"], to: ["b", "valueOf"] }],
  });
  const { problems } = validateDocument(document, new Map(), () => null);
  expect(problems.length).toBeGreaterThan(0);
  expect(exportPrompt(document, NO_FACTS)).toEqual({
    b: { class_type: "subgraph:constructor", inputs: {}, _meta: { title: "subgraph:constructor" } },
  });
});
