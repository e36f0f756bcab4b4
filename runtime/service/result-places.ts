/** Result files by their place and relative path, as clients know them, and back. */
import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { UmbelError } from "#runtime/errors";
import type { ResultMessage } from "#runtime/protocol/events";
import type { ResultFile } from "#runtime/protocol/service-values";
import type { NodeResult } from "./job-entries.ts";

export interface ResultFolders {
  readonly outputFolder: string;
  readonly temporaryFolder: string;
}

/** Where a file of the service lies: what runs wrote, or what they read. */
export type FilePlace = ResultFile["place"] | "input";

export function placeResult(
  node: string,
  result: ResultMessage,
  folders: ResultFolders,
): NodeResult {
  if (result.kind === "text" || result.kind === "metrics") return { node, value: result };
  const { path, temporary, ...facts } = result;
  const root = temporary ? folders.temporaryFolder : folders.outputFolder;
  const place = temporary ? "temporary" : "output";
  return { node, file: { ...facts, place, path: relative(root, path).replaceAll(sep, "/") } };
}

/**
 * Full path of a file, links followed, in the first of the folders that has it. Throws ERR_FILE for one that is not
 * there or that lies outside of all of them.
 */
export async function findFile(path: string, folders: readonly string[]): Promise<string> {
  if (!isAbsolute(path) && !path.includes("\0")) {
    for (const folder of folders) {
      const found = await realPathOf(join(folder, path));
      const root = await realPathOf(folder);
      if (found === null || root === null) continue;
      const way = relative(root, found);
      if (way !== "" && !isAbsolute(way) && way.split(sep)[0] !== "..") return found;
    }
  }
  throw new UmbelError(
    "ERR_FILE",
    `Expected a file of this service, got ${JSON.stringify(path.slice(0, 200))}. It was moved or deleted.`,
  );
}

async function realPathOf(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    return null;
  }
}
