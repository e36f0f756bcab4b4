import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ERROR_CODES } from "#runtime/errors";
import { documentJsonSchema } from "#runtime/graph/document";

const read = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");

it("the help page has a heading for every error code, and no other", () => {
  const headings = [...read("errors.md").matchAll(/^## (\S+)$/gm)].map((match) => match[1]);
  expect(headings.toSorted()).toEqual([...ERROR_CODES].toSorted());
});

it("the published JSON Schema is the one that documents are read with", () => {
  expect(JSON.parse(read("graph.schema.json"))).toEqual(documentJsonSchema());
});
