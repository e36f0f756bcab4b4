/** The lines of `umbel run --json`: programs read them, so their names, fields and kinds of values stay. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  LARGE,
  ROOT,
  scratchFolder,
  sets,
  SMALL,
  startUmbel,
  TEXT_TO_VIDEO,
  umbel,
} from "../../helpers/umbel-process.ts";

/** A value's kind; of an object or the items of a list their fields. */
type Shape = string | { readonly [field: string]: Shape };

const NODE = {
  node: "string",
  nodeType: "string",
  title: "string",
  seconds: "number",
  peakBytes: "number",
  cached: "boolean",
  "work?": "string",
  "flops?": "number",
  "steps?": "number",
};
const CLIP = {
  kind: "string",
  path: "string",
  temporary: "boolean",
  width: "number",
  height: "number",
  frames: "number",
};

/** What was promised: fields may be added here, none changed or taken away. */
const PROMISED: Readonly<Record<string, Shape>> = {
  job_started: { job: "string", nodes: "string[]" },
  node_started: { job: "string", node: "string", title: "string" },
  node_progress: {
    job: "string",
    node: "string",
    value: "number",
    max: "number",
    secondsPerUnit: "number",
    secondsLeft: "number",
  },
  node_preview: {
    job: "string",
    node: "string",
    frames: "number",
    width: "number",
    height: "number",
    data: "string",
  },
  "node_result image": { job: "string", node: "string", result: CLIP },
  "node_result video": { job: "string", node: "string", result: { ...CLIP, fps: "number" } },
  "node_result metrics": {
    job: "string",
    node: "string",
    // Equal clips have an endless PSNR, for which JSON has no number.
    result: { kind: "string", values: { psnr: "null", ssim: "number" } },
  },
  node_finished: { job: "string", ...NODE },
  job_finished: {
    job: "string",
    seconds: "number",
    peakBytes: "number",
    "nodes[]": NODE,
  },
  job_failed: {
    job: "string",
    error: { code: "string", message: "string", nodeId: "string" },
    problems: "[]",
  },
  job_cancelled: { job: "string" },
};

interface Line {
  readonly type: string;
  readonly result?: { readonly kind: string };
}

const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

const nameOf = ({ type, result }: Line): string =>
  result === undefined ? type : `${type} ${result.kind}`;

/** Where a value has another form than was promised: "result.fps: expected number, got string". */
function differences(value: unknown, promised: Shape, place = ""): string[] {
  if (typeof promised === "string") {
    const kind = kindOf(value);
    return kind === promised ? [] : [`${place}: expected ${promised}, got ${kind}`];
  }
  const fields = value as Record<string, unknown>;
  return Object.entries(promised).flatMap(([field, shape]) => {
    const [, name = "", mark] = /^(\w+)(\?|\[\])?$/.exec(field) ?? [];
    const at = `${place}${place === "" ? "" : "."}${name}`;
    if (mark === "[]")
      return (fields[name] as unknown[]).flatMap((item) => differences(item, shape, at));
    return mark === "?" && fields[name] === undefined ? [] : differences(fields[name], shape, at);
  });
}

function kindOf(value: unknown): string {
  if (!Array.isArray(value)) return value === null ? "null" : typeof value;
  return `${[...new Set(value.map((item) => typeof item))].join("|")}[]`;
}

async function run(name: string, document: unknown, more: readonly string[]): Promise<Line[]> {
  const folder = scratchFolder();
  const path = join(folder, name);
  writeFileSync(join(folder, "broken.mp4"), "not a clip");
  writeFileSync(path, JSON.stringify(document));
  const input = ["--input", folder];
  const args = ["run", path, "--json", "--out", join(folder, "out"), ...input, ...more];
  return linesOf((await umbel(args)).stdout);
}

/** An example's graph with further nodes and links. */
function example(name: string, nodes: object, links: readonly object[]): unknown {
  const document = JSON.parse(readFileSync(join(ROOT, `examples/${name}.json`), "utf8")) as {
    nodes: object;
    links: object[];
  };
  return {
    ...document,
    nodes: { ...document.nodes, ...nodes },
    links: [...document.links, ...links],
  };
}

async function cancelledRun(): Promise<Line[]> {
  const out = join(scratchFolder(), "out");
  const run = startUmbel(["run", TEXT_TO_VIDEO, ...sets(LARGE), "--json", "--out", out]);
  await run.printed(/"node_started","job":"cli","node":"sampler"/);
  run.kill("SIGINT");
  return linesOf((await run.ended).stdout);
}

describe("events", () => {
  it("have the form that was promised", { timeout: 90_000 }, async () => {
    const compared = { type: "CompareVideos" };
    const from = ["decode", "IMAGE"];
    const whole = await run(
      "whole.json",
      example("text-to-video", { same: compared, picture: { type: "SaveImage" } }, [
        { from, to: ["same", "reference"] },
        { from, to: ["same", "images"] },
        { from, to: ["picture", "images"] },
      ]),
      sets(SMALL),
    );
    const failed = await run(
      "failed.json",
      {
        umbel: 1,
        nodes: {
          load: { type: "LoadVideo", values: { file: "broken.mp4" } },
          save: { type: "SaveVideo" },
        },
        links: [{ from: ["load", "VIDEO"], to: ["save", "video"] }],
      },
      [],
    );
    const lines = [...whole, ...failed, ...(await cancelledRun())];
    expect([...new Set(lines.map(nameOf))].toSorted()).toEqual([
      "job_cancelled",
      "job_failed",
      "job_finished",
      "job_started",
      "node_finished",
      "node_preview",
      "node_progress",
      "node_result image",
      "node_result metrics",
      "node_result video",
      "node_started",
    ]);
    for (const line of lines) {
      const promised = PROMISED[nameOf(line)];
      expect(promised, nameOf(line)).toBeDefined();
      expect(differences(line, promised ?? ""), nameOf(line)).toEqual([]);
    }
  });
});
