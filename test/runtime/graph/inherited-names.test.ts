import { expect, it } from "vitest";
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
});
