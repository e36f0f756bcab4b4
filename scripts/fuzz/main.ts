/**
 * Damages checkpoints, LoRAs, documents, tokenisers, media and requests with a fixed seed and reads them:
 * npm run fuzz -- [--cases 36000] [--seed 1] [--only TARGET[:CASE]] [--save FOLDER].
 * Exit code 0: every case ended in success or a coded error; 1: one did not; 2: wrong usage.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzzTarget, type TargetResult } from "./campaign.ts";
import { openTargets } from "./all-targets.ts";

/** Resident memory may wander by this much during one target's cases. */
const GROWTH_LIMIT = 64 * 2 ** 20;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "36000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    save: { type: "string" },
  },
});
const total = Number(values.cases);
const seed = Number(values.seed);
const [onlyTarget, onlyCase] = values.only?.split(":") ?? [];
if (!Number.isSafeInteger(total) || total < 1 || !Number.isSafeInteger(seed)) {
  console.error(
    "Usage: npm run fuzz -- [--cases N] [--seed N] [--only TARGET[:CASE]] [--save FOLDER]",
  );
  process.exit(2);
}

await using targets = await openTargets();
const shares = targets.list.reduce((sum, { share }) => sum + share, 0);
let failed = false;
for (const target of targets.list) {
  if (onlyTarget !== undefined && target.name !== onlyTarget) continue;
  const count = Math.ceil((total * target.share) / shares);
  const cases =
    onlyCase === undefined ? Array.from({ length: count }, (_, i) => i) : [Number(onlyCase)];
  const started = performance.now();
  const result = await fuzzTarget(target, cases, seed);
  const seconds = (performance.now() - started) / 1000;
  const grows = result.growth > GROWTH_LIMIT;
  failed ||= result.failures.length > 0 || grows;
  report(result, seconds, grows);
  if (values.save !== undefined) save(result, values.save);
}
process.exitCode = failed ? 1 : 0;

function report(result: TargetResult, seconds: number, grows: boolean): void {
  const codes = Object.entries(result.codes)
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => `${code} ${count}`)
    .join(", ");
  console.log(
    `${result.target}: ${result.cases} cases in ${seconds.toFixed(1)} s, read ${result.accepted}, ${codes}; ` +
      `slowest ${result.slowestMs.toFixed(0)} ms (case ${result.slowestCase}); ` +
      `memory ${(result.growth / 2 ** 20).toFixed(1)} MiB${grows ? " (grows)" : ""}`,
  );
  for (const { number, problem } of result.failures) {
    console.log(`  FAILED --only ${result.target}:${number}: ${problem}`);
  }
}

function save({ failures }: TargetResult, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { target, number, input } of failures)
    writeFileSync(join(folder, `${target}-${number}`), input);
}
