import { UmbelError } from "#runtime/errors";

const SHOWN = 120;

/** ERR_CHECKPOINT about one file; the message opens with its path. */
export function checkpointError(path: string, problem: string, cause?: unknown): UmbelError {
  return new UmbelError("ERR_CHECKPOINT", `${path}: ${problem}.`, { cause });
}

/** A name from a file, quoted and cut off, for messages. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name);
}
