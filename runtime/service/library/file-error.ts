import { isUmbelError, UmbelError } from "#runtime/errors";

const FULL = ["ENOSPC", "EDQUOT"];

export function isDiskFull(error: unknown): boolean {
  return FULL.includes((error as NodeJS.ErrnoException | null)?.code ?? "");
}

/** An error of writing a file, in words. */
export function fileError(error: unknown, path: string): UmbelError {
  if (isUmbelError(error)) return error;
  const what = error instanceof Error ? error.message : String(error);
  return isDiskFull(error)
    ? new UmbelError(
        "ERR_DISK_FULL",
        `Expected to write ${path}, got a full disk. Free some space or choose another folder.`,
        { cause: error },
      )
    : new UmbelError(
        "ERR_FILE",
        `Expected to write ${path}, got ${what}. Check the folder and its permissions.`,
        { cause: error },
      );
}
