import { statSync, type Stats } from "node:fs";
import { UmbelError } from "#runtime/errors";

/**
 * A name relative to a folder, with "/". Both separators are read, since workflows from Windows have backslashes. Throws
 * ERR_FILE for names that are absolute or go up.
 */
export function relativeName(name: string): string {
  const relative = name.replaceAll("\\", "/");
  const leaves = relative.split("/").some((part) => part === ".." || part === "");
  if (leaves || /^[a-z]:/i.test(relative) || relative.includes("\0")) {
    throw new UmbelError("ERR_FILE", `Expected a name inside of the folder, got "${name}".`);
  }
  return relative;
}

export function isFile(path: string): boolean {
  return statusOf(path)?.isFile() ?? false;
}

/** What a path leads to; null when that is nothing, or nothing that can be reached. */
export function statusOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
