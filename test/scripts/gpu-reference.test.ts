/** The other side of the bounds: scripts that measure PyTorch, read as text, since tests have none. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BOUNDS } from "../../scripts/gpu-bench/bounds.ts";
import { MODEL_SETS } from "../../scripts/gpu-model/model-sets.ts";

const scripts = join(import.meta.dirname, "../../scripts");
const folder = join(scripts, "gpu-bench/reference");
const files = readdirSync(folder).filter((name) => name.endsWith(".py"));
const source = files.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
const found = (pattern: RegExp) => [...source.matchAll(pattern)].map(([, name = ""]) => name);

test("measure every line that a bound asks for", () => {
  const lines = new Set([
    ...found(/(?:report\.line|report\.model|timed_by_kind)\((?:report, )?"(\w+)"/g),
    ...found(/decode\(report, "(\w+)"/g).map((name) => `${name}_vae_decode`),
  ]);
  const asked = BOUNDS.flatMap(({ other }) => (other === undefined ? [] : [other.pick["name"]]));
  // Some bounds are between two lines of our own.
  const theirs = asked.filter((name) => !/^(model|linear)/.test(String(name)));
  expect(theirs.length).toBeGreaterThan(20);
  expect(theirs.filter((name) => !lines.has(String(name)))).toEqual([]);
});

test("read masks that are written for them", () => {
  const written = readFileSync(join(scripts, "attention-masks.js"), "utf8");
  const names = new Set(found(/"([\w-]+-radial-b\d+)"/g));
  expect(names.size).toBeGreaterThan(3);
  for (const name of names) expect(written).toContain(`"${name}"`);
});

test("run models at the sizes that ours run at", () => {
  for (const [family, latent] of [
    ["hunyuan", [16, 30, 96, 160]],
    ["mochi", [12, 28, 60, 106]],
  ] as const) {
    const { width, height, frames } = MODEL_SETS[family].size;
    const [channels, count, rows, columns] = latent;
    expect([rows * 8, columns * 8]).toEqual([height, width]);
    expect(count).toBe(1 + (frames - 1) / (family === "mochi" ? 6 : 4));
    const shape = `random(1, ${channels}, ${count}, ${rows}, ${columns})`;
    expect(source.split(shape).length - 1).toBeGreaterThanOrEqual(2);
  }
});

test("are Python", ({ skip }) => {
  const parse = "import ast, sys; [ast.parse(open(path).read()) for path in sys.argv[1:]]";
  const paths = files.map((name) => join(folder, name));
  const { error, status, stderr } = spawnSync("python3", ["-c", parse, ...paths], {
    encoding: "utf8",
  });
  skip(error !== undefined, "needs python3");
  expect([status, stderr]).toEqual([0, ""]);
});
