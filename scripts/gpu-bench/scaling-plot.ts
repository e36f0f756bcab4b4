/**
 * node dist/scripts/gpu-bench/scaling-plot.js FILE.jsonl OUT.svg: seconds of one prediction over the length of the clip, dense
 * and radial, from the rows that `gpu-model dense radial --frames N` wrote.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { UmbelError } from "#runtime/errors";
import { scalingPlot, type ScalingPoint } from "./scaling-svg.ts";

const [source, target] = process.argv.slice(2);
if (source === undefined || target === undefined)
  throw new UmbelError("ERR_USAGE", "Expected a file of figures and the picture to write.");

interface Line {
  readonly name: string;
  readonly frames: number;
  readonly tokens: number;
  readonly median: number;
  readonly device: string;
}
const lines = readFileSync(source, "utf8")
  .split("\n")
  .filter((line) => line.startsWith('{"name":"model '))
  .map((line) => JSON.parse(line) as Line);
const points = (name: string): ScalingPoint[] =>
  lines
    .filter((line) => line.name === name)
    .map(({ frames, tokens, median }) => ({ frames, tokens, seconds: median }));
const series = { dense: points("model dense"), radial: points("model radial") };
writeFileSync(target, scalingPlot(series, `Wan 2.1 14B, 768x1280, ${lines[0]?.device ?? ""}`));
