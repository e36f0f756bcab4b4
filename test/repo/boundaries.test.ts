/** Plants violations of each rule in a small copy of the tree and expects them to be found: no rule may stop biting. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Permitted imports: these files must pass, or an allow-list forbids what it should let through. */
const CLEAN: Record<string, string> = {
  "runtime/errors.ts": "export const code = 1;\n",
  "runtime/graph/document.ts":
    'import { code } from "#runtime/errors";\nexport const version = code;\n',
  "runtime/graph/validate.ts":
    'import { version } from "./document.ts";\nexport const valid = version;\n',
  "runtime/graph/comfy/import.ts":
    'import { version } from "#runtime/graph/document";\nimport { code } from "#runtime/errors";\nexport const read = [version, code];\n',
  "runtime/protocol/message.ts":
    'import { version } from "#runtime/graph/document";\nexport const message = version;\n',
  "runtime/tensor/ops.ts": 'import { addon } from "#native";\nexport const ops = addon;\n',
  "runtime/sdk/node.ts": 'import { ops } from "#runtime/tensor/ops";\nexport const node = ops;\n',
  "runtime/engine/plan.ts":
    'import { readFile } from "node:fs/promises";\nimport { join } from "node:path";\nimport { node } from "#runtime/sdk/node";\nexport const plan = [readFile, join, node];\n',
  "runtime/models/wan.ts": 'import { node } from "#runtime/sdk/node";\nexport default node;\n',
  "runtime/samplers/euler.ts": 'import { node } from "#runtime/sdk/node";\nexport default node;\n',
  "runtime/cli/main.ts":
    'import { plan } from "#runtime/engine/plan";\nexport const main = plan;\n',
  "native/index.ts": 'import { arch } from "node:process";\nexport const addon = arch;\n',
  "nodes/sampling/sampler.ts": 'import { node } from "#runtime/sdk/node";\nexport default node;\n',
};

const importing = (name: string) =>
  `import * as planted from "${name}";\nexport const seen = planted;\n`;

/** Forbidden imports: folder rule (an override of .oxlintrc.json) -> file -> what it imports. */
const IMPORTS: Record<string, readonly [string, readonly string[]]> = {
  "runtime/**": [
    "runtime/new-folder/a.ts",
    ["../../nodes/sampling/sampler.ts", "electron", "#native"],
  ],
  "runtime/errors.ts": ["runtime/errors.ts", ["node:fs", "#runtime/graph/document"]],
  "runtime/graph/**": [
    "runtime/graph/bad.ts",
    ["node:fs", "react", "#runtime/tensor/ops", "#runtime/engine/plan"],
  ],
  "runtime/graph/comfy/**": [
    "runtime/graph/comfy/bad.ts",
    ["node:fs", "../document.ts", "#runtime/engine/plan", "#runtime/tensor/ops"],
  ],
  "runtime/protocol/**": ["runtime/protocol/bad.ts", ["node:fs", "#runtime/engine/plan"]],
  "runtime/sdk/**": ["runtime/sdk/bad.ts", ["node:fs", "#runtime/engine/plan", "#native"]],
  "runtime/engine/**": [
    "runtime/engine/bad.ts",
    ["#native", "#runtime/models/wan", "../../nodes/sampling/sampler.ts"],
  ],
  "runtime/tensor/**": ["runtime/tensor/bad.ts", ["#runtime/sdk/node", "../sdk/node.ts"]],
  "runtime/nn/**": ["runtime/nn/bad.ts", ["#runtime/models/wan", "#native"]],
  "runtime/attention/**": ["runtime/attention/bad.ts", ["#runtime/models/wan", "#native"]],
  "runtime/models/**": [
    "runtime/models/bad.ts",
    ["./wan.ts", "#runtime/models/wan", "#runtime/engine/plan"],
  ],
  "runtime/samplers/**": ["runtime/samplers/bad.ts", ["./euler.ts", "#runtime/models/wan"]],
  "runtime/sampling/**": [
    "runtime/sampling/bad.ts",
    ["#runtime/models/wan", "#runtime/engine/plan"],
  ],
  "runtime/text/**": ["runtime/text/bad.ts", ["#runtime/engine/plan", "#native"]],
  "runtime/vae/**": ["runtime/vae/bad.ts", ["#runtime/engine/plan", "#native"]],
  "runtime/weights/**": ["runtime/weights/bad.ts", ["#runtime/models/wan", "#runtime/engine/plan"]],
  "runtime/media/**": ["runtime/media/bad.ts", ["#runtime/engine/plan", "commander"]],
  "runtime/server/**": ["runtime/server/bad.ts", ["#runtime/tensor/ops", "#runtime/models/wan"]],
  "runtime/service/library/**": [
    "runtime/service/library/bad.ts",
    ["#native", "#runtime/models/wan", "#runtime/tensor/ops", "commander"],
  ],
  "runtime/service/redis/**": [
    "runtime/service/redis/bad.ts",
    ["#native", "#runtime/tensor/ops", "fastify"],
  ],
  "runtime/service/storage/**": [
    "runtime/service/storage/bad.ts",
    ["#runtime/engine/plan", "#runtime/service/redis/task", "bullmq"],
  ],
  "runtime/service/**": [
    "runtime/service/bad.ts",
    ["#runtime/tensor/ops", "#runtime/server/routes", "electron", "fastify"],
  ],
  "runtime/cli/**": ["runtime/cli/bad.ts", ["#native", "../../nodes/sampling/sampler.ts"]],
  "runtime/library.ts": ["runtime/library.ts", ["#native", "#runtime/service/open-service"]],
  "runtime/worker.ts": ["runtime/worker.ts", ["#native", "#runtime/models/wan"]],
  "native/**": ["native/bad.ts", ["#runtime/tensor/ops", "sharp"]],
  "nodes/**": [
    "nodes/sampling/bad.ts",
    ["./sampler.ts", "#runtime/engine/plan", "#native", "node:fs"],
  ],
  "electron/**": ["electron/bad.ts", ["#runtime/engine/plan", "#native", "react"]],
  "renderer/**": [
    "renderer/bad.ts",
    ["node:fs", "electron", "#runtime/engine/plan", "#native", "../nodes/sampling/sampler.ts"],
  ],
};

/** Other rules -> file -> source. */
const SOURCES: Record<string, readonly [string, string]> = {
  "import(no-default-export)": ["runtime/engine/default.ts", "export default 1;\n"],
  "import(no-cycle)": [
    "runtime/engine/cycle.ts",
    'import { b } from "#runtime/engine/cycle-b";\nexport const a = () => b;\n',
  ],
  "typescript(no-explicit-any)": [
    "runtime/engine/any.ts",
    "export const loose = (x: any): unknown => x;\n",
  ],
  "typescript(no-floating-promises)": [
    "runtime/engine/floating.ts",
    "export function start(job: () => Promise<void>): void {\n  job();\n}\n",
  ],
  "typescript(consistent-type-imports)": [
    "runtime/engine/types.ts",
    'import { ReadStream } from "node:fs";\nexport const id = (x: ReadStream): ReadStream => x;\n',
  ],
  "unicorn(filename-case)": ["runtime/engine/camelCase.ts", "export const camel = 1;\n"],
  "eslint(max-lines)": [
    "runtime/engine/long.ts",
    Array.from({ length: 401 }, (_, i) => `export const v${i} = ${i};\n`).join(""),
  ],
};

/** What the project references alone refuse: file -> source -> error. */
const TYPES: Record<string, readonly [string, string]> = {
  "runtime/graph/node-types.ts": [
    'import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n',
    "TS2591",
  ],
  "runtime/graph/dom.ts": ["export const title = document.title;\n", "TS2584"],
  "runtime/graph/outside.ts": [
    'import type { plan } from "../engine/plan.ts";\nexport type Plan = typeof plan;\n',
    "TS6307",
  ],
  "runtime/engine/nodes.ts": [
    'import type sampler from "../../nodes/sampling/sampler.ts";\nexport type Sampler = typeof sampler;\n',
    "TS6307",
  ],
  "native/outside.ts": [
    'import type { ops } from "#runtime/tensor/ops";\nexport type Ops = typeof ops;\n',
    "TS6307",
  ],
  "nodes/sampling/node-types.ts": [
    'import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n',
    "TS2591",
  ],
  "runtime/engine/enum.ts": ["export enum Kind {\n  a,\n}\n", "TS1294"],
  "runtime/engine/index-access.ts": [
    "export const first = (xs: number[]): number => xs[0];\n",
    "TS2322",
  ],
};

const PROJECTS = ["", "runtime/graph/", "runtime/", "native/", "nodes/", "scripts/"];
/** Named, because oxlint would follow the link to node_modules. */
const SOURCE_FOLDERS = ["runtime", "native", "nodes", "electron", "renderer"];
const folders: string[] = [];

function plant(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "umbel-boundaries-"));
  folders.push(folder);
  const put = (path: string, source: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), source);
  };
  for (const project of PROJECTS)
    put(`${project}tsconfig.json`, readFileSync(join(root, project, "tsconfig.json"), "utf8"));
  for (const name of ["package.json", ".oxlintrc.json"])
    cpSync(join(root, name), join(folder, name));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  for (const [path, source] of Object.entries(files)) put(path, source);
  return folder;
}

function tool(folder: string, name: string, args: string[]): string {
  const script = { oxlint: "oxlint/bin/oxlint", tsc: "typescript/bin/tsc" }[name] ?? name;
  const path = join(root, "node_modules", script);
  const options = { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 } as const;
  return spawnSync(process.execPath, [path, ...args], options).stdout;
}

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly message: string;
}

function lint(files: Record<string, string>): Diagnostic[] {
  const output = tool(plant(files), "oxlint", ["--type-aware", "--format=json", ...SOURCE_FOLDERS]);
  return (JSON.parse(output) as { diagnostics: Diagnostic[] }).diagnostics;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("oxlint", () => {
  let found: Diagnostic[];

  beforeAll(() => {
    const imports = Object.values(IMPORTS).map(([path, names]) => [
      path,
      names
        .map((name, i) => importing(name).replaceAll(/planted|seen/g, (word) => word + i))
        .join(""),
    ]);
    const cycle = [
      "runtime/engine/cycle-b.ts",
      'import { a } from "./cycle.ts";\nexport const b = () => a;\n',
    ];
    found = lint({
      ...CLEAN,
      ...Object.fromEntries([...imports, ...Object.values(SOURCES), cycle]),
    });
  });

  test("lets permitted imports through", () => {
    expect(lint(CLEAN)).toEqual([]);
  });

  test.each(Object.entries(IMPORTS))("%s: forbidden imports are found", (_rule, [path, names]) => {
    const refused = found
      .filter(({ code, filename }) => code === "eslint(no-restricted-imports)" && filename === path)
      .map(({ message }) => /'([^']+)'/.exec(message)?.[1]);
    expect(refused.toSorted()).toEqual([...names].toSorted());
  });

  test.each(Object.entries(SOURCES))("%s bites", (rule, [path]) => {
    expect(found.filter(({ filename }) => filename === path).map(({ code }) => code)).toContain(
      rule,
    );
  });

  test("every folder rule has a planted violation", () => {
    const config = JSON.parse(readFileSync(join(root, ".oxlintrc.json"), "utf8")) as {
      overrides: { files: string[]; rules: Record<string, unknown> }[];
    };
    const rules = config.overrides.filter(({ rules: r }) => "no-restricted-imports" in r);
    expect(rules.flatMap(({ files }) => files).toSorted()).toEqual(Object.keys(IMPORTS).toSorted());
    for (const [rule, [path]] of Object.entries(IMPORTS))
      expect(path.startsWith(rule.replace("**", ""))).toBe(true);
  });
});

describe("tsc", () => {
  let clean: string;
  let output: string;

  beforeAll(() => {
    clean = tool(plant(CLEAN), "tsc", ["-b", "--pretty", "false", ...PROJECTS.slice(1, 5)]);
    const planted = Object.entries(TYPES).map(([path, [source]]) => [path, source]);
    const folder = plant({ ...CLEAN, ...Object.fromEntries(planted) });
    output = tool(folder, "tsc", ["-b", "--pretty", "false", ...PROJECTS.slice(1, 5)]);
  });

  test("compiles the permitted imports", () => {
    expect(clean).toBe("");
  });

  test.each(Object.entries(TYPES))("refuses %s", (path, [, code]) => {
    const errors = output.split("\n").filter((line) => line.startsWith(`${path}(`));
    expect(errors.join("\n")).toContain(code);
  });
});
