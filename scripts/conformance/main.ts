/**
 * Holds the runtime against folders of reference data: npm run conformance -- DIR... [--device cpu|null|cuda] [--json].
 * Exit code 0: every bound holds; 1: one is broken or a case failed; 2: wrong usage.
 */
import { parseArgs } from "node:util";
import { UmbelError } from "#runtime/errors";
import type { CaseResult } from "./cases.ts";
import { messageOf } from "./cases.ts";
import { formatSummary, formatTable } from "./report.ts";
import { runFolders } from "./run.ts";

const USAGE = "Usage: npm run conformance -- DIR... [--device cpu|null|cuda] [--json]";

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      device: { type: "string", default: "cpu" },
      json: { type: "boolean", default: false },
    },
  });
  const { device, json } = values;
  if (positionals.length === 0 || (device !== "cpu" && device !== "null" && device !== "cuda")) {
    throw new UmbelError("ERR_USAGE", USAGE);
  }
  return { folders: positionals, device, json } as const;
}

try {
  const { folders, device, json } = readArguments();
  const results: CaseResult[] = await runFolders(folders, device);
  const failed = results.some(({ status }) => status === "broken" || status === "error");
  if (json) console.log(JSON.stringify({ device, failed, results }, null, 2));
  else console.log(`${formatTable(results)}\n\n${formatSummary(results)}`);
  process.exitCode = failed ? 1 : 0;
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 2;
}
