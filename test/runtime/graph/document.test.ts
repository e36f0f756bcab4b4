import { describe, expect, it } from "vitest";
import { documentJsonSchema, parseDocument } from "#runtime/graph/document";
import { parseJson } from "#runtime/graph/json";
import { migrate } from "#runtime/graph/migrations";
import { serializeDocument } from "#runtime/graph/serialize";

const text = `{
  "links": [{ "to": ["b", "model"], "from": ["a", "MODEL"], "note": 7 }],
  "umbel": 1,
  "mystery": { "z": 1, "a": [2] },
  "nodes": {
    "b": { "values": { "seed": 18446744073709551615, "cfg": 5.5 }, "type": "KSampler", "badge": "x" },
    "a": { "type": "SomethingUnknown" }
  }
}`;

describe("document", () => {
  it("keeps unknown nodes and keys, and 64-bit integers digit by digit", () => {
    const document = parseDocument(text);
    expect(document.nodes["b"]?.values["seed"]).toBe("18446744073709551615");
    expect(document["mystery"]).toEqual({ z: 1, a: [2] });
    expect(document.nodes["b"]?.["badge"]).toBe("x");
    expect(document.links[0]?.["note"]).toBe(7);
  });

  it("writes stable text: known keys first, a second trip changes nothing", () => {
    const once = serializeDocument(parseDocument(text));
    expect(serializeDocument(parseDocument(once))).toBe(once);
    expect(once.indexOf('"umbel"')).toBeLessThan(once.indexOf('"nodes"'));
    expect(once).toContain('{ "from": ["a", "MODEL"], "to": ["b", "model"], "note": 7 }');
  });

  it.each([
    ["[]", "an array"],
    ["{", "text that is not"],
    ['{"umbel": 99}', "saved by a newer Umbel"],
    ['{"umbel": 0}', "got 0"],
    ['{"umbel": 1, "nodes": {"a": {}}}', "nodes.a.type"],
    ['{"umbel": 1, "links": [{"from": ["a"], "to": ["b", "c"]}]}', "links.0.from"],
    ['{"1": {"class_type": "KSampler", "inputs": {}}}', "a ComfyUI workflow"],
    [`{"umbel": 1, "deep": ${"[".repeat(300)}${"]".repeat(300)}}`, "nested at most"],
  ])("refuses %s in words", (source, reason) => {
    expect(() => parseDocument(source)).toThrow(reason);
  });

  it("does not touch long digits inside strings or fractions", () => {
    expect(parseJson('["99999999999999999999", 0.12345678901234567890, 1234567890123456]')).toEqual(
      ["99999999999999999999", 0.12345678901234568, 1234567890123456],
    );
  });

  it("applies migrations in order from the document's version on", () => {
    const steps = [1, 2].map((from) => ({
      from,
      summary: "",
      apply: (d: Record<string, unknown>) => ({ ...d, [`step${from}`]: true }) as never,
    }));
    expect(migrate({ umbel: 1 }, 3, steps)).toEqual({ umbel: 3, step1: true, step2: true });
    expect(migrate({ umbel: 2 }, 3, steps)).toEqual({ umbel: 3, step2: true });
  });

  it("exports a JSON Schema that names the version", () => {
    expect(JSON.stringify(documentJsonSchema())).toContain('"const":1');
  });
});
