/**
 * Every op on a GPU against the CPU: node dist/scripts/op-check/main.js [--mode f32|bf16|large|device] [--only WORD]... [--json FILE]
 * Cases run in a process of their own, which goes on with the next case after one that took the GPU's context down or
 * gave no answer for a minute. Prints a line for each case that breaks its bound and a table of the worst error by op.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { UmbelError } from "#runtime/errors";
import { cudaInfo } from "#runtime/tensor/cuda-device";
import { openDevice } from "#runtime/tensor/devices";
import { checkCase, type CaseOutcome } from "./check-case.ts";
import { checkDevice, deviceCases } from "./device-cases.ts";
import { checkLarge, largeCases } from "./large-cases.ts";
import { opCases } from "./op-cases.ts";
import { formatOutcomes } from "./report.ts";

const SILENCE_MS = 60_000;
/** Processes that may end early before the rest is given up. */
const MOST_ENDS = 12;
const FATAL = /Expected a working GPU|an illegal|misaligned|unspecified launch failure|hardware/;

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "f32" },
    only: { type: "string", multiple: true, default: [] },
    device: { type: "string", default: "cuda" },
    json: { type: "string" },
    from: { type: "string" },
  },
});
const { mode, only, device } = values;
if (!["f32", "bf16", "large", "device"].includes(mode) || (device !== "cuda" && device !== "cpu")) {
  throw new UmbelError(
    "ERR_USAGE",
    "Expected --mode f32, bf16, large or device, and --device cuda or cpu.",
  );
}
const wanted = ({ op, title }: { op: string; title: string }) =>
  only.length === 0 || only.some((word) => `${op} ${title}`.includes(word));
const cases = opCases.filter(wanted);
const large = largeCases.filter(wanted);
const behaviour = deviceCases.map((check) => ({ op: "device", ...check })).filter(wanted);
const planned: readonly { op: string; title: string }[] =
  mode === "large" ? large : mode === "device" ? behaviour : cases;

async function runFrom(first: number): Promise<void> {
  const precision = mode === "f32" ? "f32" : "bf16";
  const open = (memoryLimit?: number) =>
    openDevice(device as "cuda" | "cpu", {
      precision,
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
    });
  const report = (outcome: CaseOutcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`);
  if (mode === "device") {
    for (const check of behaviour.slice(first)) report(await checkDevice(check, open));
    return;
  }
  const tested = open();
  if (mode === "large") {
    for (const check of large.slice(first)) report(await checkLarge(check, tested));
    return;
  }
  const reference = openDevice("cpu");
  for (const check of cases.slice(first)) {
    const outcome = await checkCase(check, reference, tested);
    report(outcome);
    if (FATAL.test(outcome.failure ?? "")) process.exit(3);
  }
}

/** Outcomes of a process that begins with case `first`; ends early when that one does. */
function runProcess(first: number): Promise<CaseOutcome[]> {
  const child = spawn(process.execPath, [...process.argv.slice(1), "--from", String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const outcomes: CaseOutcome[] = [];
  let silence = setTimeout(() => child.kill("SIGKILL"), SILENCE_MS);
  createInterface(child.stdout).on("line", (line) => {
    clearTimeout(silence);
    silence = setTimeout(() => child.kill("SIGKILL"), SILENCE_MS);
    outcomes.push(JSON.parse(line) as CaseOutcome);
  });
  return new Promise((resolve) => {
    child.on("close", () => {
      clearTimeout(silence);
      resolve(outcomes);
    });
  });
}

async function runAll(): Promise<boolean> {
  const { available, reason } = cudaInfo();
  if (device === "cuda" && !available) {
    throw new UmbelError("ERR_DEVICE", `Expected a CUDA device, got none: ${reason}.`);
  }
  const count = planned.length;
  const outcomes: CaseOutcome[] = [];
  for (let ends = 0; outcomes.length < count && ends < MOST_ENDS; ends++) {
    const more = await runProcess(outcomes.length);
    outcomes.push(...more);
    if (outcomes.length < count && !FATAL.test(more.at(-1)?.failure ?? "")) {
      const { op, title } = planned[outcomes.length]!;
      const failure = "the process ended or fell silent";
      outcomes.push({ op, title, error: NaN, bound: NaN, ok: false, failure });
    }
  }
  console.log(formatOutcomes(mode, outcomes));
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ mode, outcomes }));
  return outcomes.length === count && outcomes.every(({ ok }) => ok);
}

if (values.from === undefined) process.exitCode = (await runAll()) ? 0 : 1;
else await runFrom(Number(values.from));
