import { expect, test } from "vitest";
import { resolveDynamicPrompt } from "#runtime/text/dynamic-prompt";

const seeds = Array.from({ length: 200 }, (_, i) => BigInt(i));
const outcomes = (prompt: string): string[] =>
  [...new Set(seeds.map((seed) => resolveDynamicPrompt(prompt, seed)))].sort();

test("one of the options is chosen, by the seed", () => {
  expect(outcomes("a {red|green|blue} cat")).toEqual(["a blue cat", "a green cat", "a red cat"]);
  expect(resolveDynamicPrompt("{a|b|c|d}", 5n)).toBe(resolveDynamicPrompt("{a|b|c|d}", 5n));
});

test("options may be empty, single or nested", () => {
  expect(outcomes("x{|y}")).toEqual(["x", "xy"]);
  expect(outcomes("{only}")).toEqual(["only"]);
  expect(outcomes("{a {b|c}|d}")).toEqual(["a b", "a c", "d"]);
  expect(outcomes("{a|b}{1|2}")).toEqual(["a1", "a2", "b1", "b2"]);
});

test("escaped marks are plain text", () => {
  expect(outcomes("\\{a\\|b\\} | {c\\|d}")).toEqual(["{a|b} | c|d"]);
  expect(outcomes("a \\(weight:1.2\\) b")).toEqual(["a \\(weight:1.2\\) b"]);
});

test("comments are removed, as ComfyUI's editor does even inside addresses", () => {
  expect(outcomes("a /* not\nthis */ cat // nor this\nruns")).toEqual(["a  cat \nruns"]);
  expect(outcomes("see http://example.org/x")).toEqual(["see http:"]);
});

test("what is not closed ends with the text, strays stay", () => {
  expect(outcomes("a {b|c")).toEqual(["a b", "a c"]);
  expect(outcomes("a } b | c")).toEqual(["a } b | c"]);
  expect(outcomes("end\\")).toEqual(["end\\"]);
  expect(resolveDynamicPrompt("{".repeat(200_000), 1n)).toBe("");
});
