/** An existing folder of models, ComfyUI's own or its models folder, for use in place. */
import { realpath, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { UmbelError } from "#runtime/errors";
import { MODEL_FOLDERS, ModelFolders } from "#runtime/engine/model-folders";

export interface AddedFolder {
  /** Real path. */
  readonly path: string;
  /** Model files in it. */
  readonly files: number;
}

/** Throws ERR_FILE when it is no folder, or none that has model folders. */
export async function inspectModelFolder(path: string): Promise<AddedFolder> {
  if (!isAbsolute(path) || path.includes("\0"))
    throw new UmbelError("ERR_FILE", `Expected the full path of a folder, got ${quoted(path)}.`);
  let real: string;
  try {
    real = await realpath(path);
    if (!(await stat(real)).isDirectory()) throw new Error("no folder");
  } catch (cause) {
    throw new UmbelError("ERR_FILE", `Expected a folder at ${quoted(path)}, got none.`, { cause });
  }
  const folders = new ModelFolders([real]);
  if (!MODEL_FOLDERS.some((folder) => folders.existing(folder).length > 0)) {
    throw new UmbelError(
      "ERR_FILE",
      `Expected ComfyUI's folder or its models folder, got ${quoted(path)}, in which there is none of ${MODEL_FOLDERS.slice(0, 5).join(", ")} ....`,
    );
  }
  const files = MODEL_FOLDERS.reduce((sum, folder) => sum + folders.list(folder).length, 0);
  return { path: real, files };
}

function quoted(path: string): string {
  return JSON.stringify(path.slice(0, 300));
}
