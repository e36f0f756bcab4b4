/** Files that are no graphs, or graphs in odd clothes: opened, or refused with words that say what came. */
import { describe, expect, it } from "vitest";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { NO_FACTS } from "#runtime/graph/comfy/node-facts";

const open = (bytes: Buffer | string, name = "a.json") =>
  openGraphBytes(name, Buffer.from(bytes as string), NO_FACTS);
const GRAPH = '{"nodes":[{"id":1,"type":"Some","widgets_values":[1]}],"links":[]}';

describe("what opens", () => {
  it.each([
    ["a mark of UTF-8", Buffer.from(`\uFEFF${GRAPH}`)],
    ["UTF-16, as Windows writes it", Buffer.from(`\uFEFF${GRAPH}`, "utf16le")],
    ["UTF-16 the other way round", Buffer.from(`\uFEFF${GRAPH}`, "utf16le").swap16()],
    ["Python's numbers", GRAPH.replace("[1]", '[NaN, -Infinity, "NaN"]')],
    ["lists that hold something else", '{"nodes":[null,7,{"type":"Some"}],"links":[5,null,[1]]}'],
    ["a prompt with Python's numbers", '{"1":{"class_type":"Some","is_changed":[NaN]}}'],
  ])("%s", async (_name, bytes) => {
    const { document } = await open(bytes);
    expect(Object.values(document.nodes).map(({ type }) => type)).toEqual(["Some"]);
  });
});

describe("what does not", () => {
  it.each([
    ["nothing", "", "Expected a graph as JSON, got text that is not"],
    ["a file that was cut off", GRAPH.slice(0, 30), "Expected a graph as JSON, got text that"],
    ["bytes", Buffer.from([0x80, 0x81, 0x82]), "Expected a graph as JSON, got text that is not"],
    ["a list", "[1]", "Expected a document as a JSON object, got an array"],
    ["an object of something else", '{"a":1,"b":2}', "got an object with keys a, b."],
    ["nodes that are no list", '{"nodes":{"1":{}}}', "got an object with keys nodes."],
    ["the body of a request", '{"prompt":{},"client_id":"a"}', "got an object with keys prompt"],
    ["a document of a later version", '{"umbel":99,"nodes":{}}', "update to open it"],
    ["a document of another form", '{"umbel":1,"nodes":[]}', "problem(s) of form:\n  nodes:"],
    ["endless nesting", `{"a":${"[".repeat(9000)}${"]".repeat(9000)}}`, "at most"],
  ])("%s", async (_name, bytes, words) => {
    const error: unknown = await open(bytes).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_DOCUMENT" });
    expect((error as Error).message).toContain(words);
  });

  it("says which forms there are", async () => {
    await expect(open('{"a":1}')).rejects.toThrow(
      'Expected an Umbel document (with "umbel") or a ComfyUI workflow (with "nodes", or nodes that have a class_type), got an object with keys a.',
    );
  });
});
