/** Exit codes of `umbel`, as docs/command-line.md lists them. */
import { isUmbelError } from "#runtime/errors";

export const EXIT = {
  ok: 0,
  /** A job, a check or a file failed. */
  failed: 1,
  /** The command line was not understood. */
  usage: 2,
  /** The graph has problems; nothing was run. */
  invalid: 3,
  /** The device is missing or has too little memory. */
  device: 4,
  /** Cancelled by Ctrl-C or a signal. */
  cancelled: 130,
} as const;

export function exitCodeOf(error: unknown): number {
  if (!isUmbelError(error)) return EXIT.failed;
  switch (error.code) {
    case "ERR_USAGE":
      return EXIT.usage;
    case "ERR_DOCUMENT":
    case "ERR_VALIDATION":
      return EXIT.invalid;
    case "ERR_DEVICE":
    case "ERR_OUT_OF_MEMORY":
      return EXIT.device;
    case "ERR_INTERRUPTED":
      return EXIT.cancelled;
    default:
      return EXIT.failed;
  }
}
