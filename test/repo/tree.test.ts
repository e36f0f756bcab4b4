import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
});
const files = listed.split("\n").filter((path) => path !== "" && existsSync(join(root, path)));
const text = (path: string) => readFileSync(join(root, path), "utf8");
const isText = (path: string) =>
  /\.(ts|tsx|js|json|md|cc|h|cu|cuh|py|sh|css|html|yml|txt)$|^\.ci\//.test(path);

/** Lines that are neither blank nor only a comment. */
function codeLines(source: string): number {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").split("\n");
  return code.filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;
}

function limit(path: string): number {
  if (path.startsWith("runtime/models/")) return 600;
  return /^native\/(cpu|cuda)\//.test(path) ? 600 : 400;
}

test("no source file is longer than its limit", () => {
  const sources = files.filter((path) => /\.(ts|tsx|js|cc|h|cu|cuh)$/.test(path));
  const long = sources
    .map((path) => ({ path, lines: codeLines(text(path)) }))
    .filter(({ path, lines }) => lines > limit(path));
  expect(sources.length).toBeGreaterThan(0);
  expect(long).toEqual([]);
});

test("no folder or source file is named after nothing in particular", () => {
  const vague = /^(utils?|common|misc)$/;
  const isVague = (path: string) => {
    const names = dirname(path).split("/");
    if (/\.(tsx?|js|cc|h|cu|cuh)$/.test(path)) names.push(basename(path).split(".")[0] ?? "");
    return names.some((name) => vague.test(name));
  };
  expect(files.filter(isVague)).toEqual([]);
});

test("no barrel file stands in the TypeScript sources", () => {
  expect(files.filter((path) => /\/index\.tsx?$/.test(path) && path !== "native/index.ts")).toEqual(
    [],
  );
});

test("no text names a path of one machine", () => {
  const machinePath = new RegExp(
    `(?<![\\w.])/(${["home", "Users", "work", "root"].join("|")})/\\w`,
  );
  const naming = files.filter(
    (path) => isText(path) && path !== "package-lock.json" && machinePath.test(text(path)),
  );
  expect(naming).toEqual([]);
});

test("the lock file names no download address and every platform's packages", () => {
  const { packages } = JSON.parse(text("package-lock.json")) as {
    packages: Record<
      string,
      { link?: boolean; resolved?: string; optionalDependencies?: Record<string, string> }
    >;
  };
  const entries = Object.entries(packages);
  expect(entries.filter(([, { link, resolved }]) => !link && resolved !== undefined)).toEqual([]);

  // npm leaves out what its registry does not hold, and `npm ci` then refuses the file.
  const locked = new Set(entries.map(([path]) => path.split("node_modules/").at(-1)));
  const optional = entries.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
  expect(optional.filter((name) => !locked.has(name))).toEqual([]);
});
