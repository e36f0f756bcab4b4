/** Result files by their place and relative path, as clients know them, and back. */
import { relative, sep } from "node:path";
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
