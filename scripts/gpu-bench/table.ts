/**
 * node dist/scripts/gpu-bench/table.js FILE.jsonl...: the bounds of bounds.ts with the figures of one run of both sides, ours
 * (bench.jsonl) and the other's (reference.jsonl). Exits with 1 when a bound that was measured is broken.
 */
import { readFileSync } from "node:fs";
import { BOUNDS, judge, type Figure } from "./bounds.ts";
import { attentionShares, cliffs } from "./attention-rules.ts";

const figures = process.argv.slice(2).flatMap((path) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Figure),
);
const number = (value: number | null) => (value === null ? "-" : value.toPrecision(4)).padStart(11);
let broken = 0;
console.log(
  `${"".padEnd(46)} ${"ours".padStart(11)} ${"theirs".padStart(11)} ${"ratio".padStart(11)}`,
);
for (const bound of BOUNDS) {
  const judged = judge(bound, figures);
  if (judged === null) {
    console.log(`${bound.title.padEnd(46)} not measured`);
    continue;
  }
  const { title, ours, theirs, ratio, bound: text, holds } = judged;
  if (!holds) broken++;
  console.log(
    `${title.padEnd(46)} ${number(ours)} ${number(theirs)} ${number(ratio)}  ${text}: ${holds ? "ok" : "BROKEN"}`,
  );
}
for (const rule of [...cliffs(figures), ...attentionShares(figures)]) {
  if (!rule.holds) broken++;
  console.log(`${rule.title.padEnd(46)} ${rule.said}: ${rule.holds ? "ok" : "BROKEN"}`);
}
process.exitCode = broken > 0 ? 1 : 0;
