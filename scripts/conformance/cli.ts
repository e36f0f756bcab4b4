import { parseArgs } from "node:util";
import { UmbelError } from "#runtime/errors";
import { messageOf } from "./cases.ts";
import { formatSummary, formatTable } from "./report.ts";
import { runFolders } from "./run.ts";

const USAGE =
  "Usage: npm run conformance -- DIR... [--device cpu|null|cuda] [--precision f32|bf16] [--json]";

export interface Streams {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/** Exit code 0: every bound holds; 1: one is broken or a case failed; 2: nothing could be run. */
export async function runConformance(args: readonly string[], streams: Streams): Promise<number> {
  try {
    const { folders, device, precision, json } = readArguments(args);
    const results = await runFolders(folders, device, precision);
    const failed = results.some(({ status }) => status === "broken" || status === "error");
    streams.out(
      json
        ? JSON.stringify({ device, failed, results }, null, 2)
        : `${formatTable(results)}\n\n${formatSummary(results)}`,
    );
    return failed ? 1 : 0;
  } catch (error) {
    streams.error(messageOf(error));
    return 2;
  }
}

function readArguments(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      device: { type: "string", default: "cpu" },
      precision: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { device, precision, json } = values;
  const known = precision === undefined || precision === "f32" || precision === "bf16";
  if (positionals.length === 0 || (device !== "cpu" && device !== "null" && device !== "cuda")) {
    throw new UmbelError("ERR_USAGE", USAGE);
  }
  if (!known) {
    throw new UmbelError("ERR_USAGE", USAGE);
  }
  return { folders: positionals, device, precision, json } as const;
}
