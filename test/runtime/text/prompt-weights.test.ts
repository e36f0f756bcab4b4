import { expect, test } from "vitest";
import { parseWeights } from "#runtime/text/prompt-weights";

// Expected values from ComfyUI's token_weights.
test.each([
  ["a cat", [["a cat", 1]]],
  ["", []],
  [
    "a (red) cat",
    [
      ["a ", 1],
      ["red", 1.1],
      [" cat", 1],
    ],
  ],
  [
    "a (red:1.3) cat",
    [
      ["a ", 1],
      ["red", 1.3],
      [" cat", 1],
    ],
  ],
  ["((deep))", [["deep", 1.1 * 1.1]]],
  [
    "(outer (inner:0.5) rest)",
    [
      ["outer ", 1.1],
      ["inner", 0.5],
      [" rest", 1.1],
    ],
  ],
  [
    "(outer (inner) rest:2)",
    [
      ["outer ", 2],
      ["inner", 2 * 1.1],
      [" rest", 2],
    ],
  ],
  ["(a:b:0.7)", [["a:b", 0.7]]],
  ["(ratio 16:9)", [["ratio 16", 9]]],
  ["(time 12:30pm)", [["time 12:30pm", 1.1]]],
  ["(:1.5)", [[":1.5", 1.1]]],
  ["(x: 1.5 )", [["x", 1.5]]],
  ["(x:-1)", [["x", -1]]],
  ["(x:.5)", [["x", 0.5]]],
  ["(x:1e-1)", [["x", 0.1]]],
  ["(x:)", [["x:", 1.1]]],
  ["(x:inf)", [["x:inf", 1.1]]],
  [
    "\\(plain\\) (x\\):2)",
    [
      ["(plain) ", 1],
      ["x)", 2],
    ],
  ],
  ["()", []],
  [
    "open (never closed",
    [
      ["open ", 1],
      ["(never closed", 1],
    ],
  ],
  ["closed) early (x)", [["closed) early (x)", 1]]],
  ["a) (b", [["a) (b", 1]]],
  ["x)) ((y) z", [["x)) ((y) z", 1]]],
  ["(a (b:2", [["(a (b:2", 1]]],
] as [string, [string, number][]][])("%j", (prompt, expected) => {
  expect(parseWeights(prompt)).toEqual(expected.map(([text, weight]) => ({ text, weight })));
});

test("absurd nesting is refused, deep nesting is not", () => {
  expect(parseWeights("(".repeat(400) + "x" + ":2)" + ")".repeat(399))[0]?.text).toBe("x");
  expect(() => parseWeights("(".repeat(100_000) + ")".repeat(100_000))).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_ARGUMENT" }),
  );
});
