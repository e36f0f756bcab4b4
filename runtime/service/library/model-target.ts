/** Where new models go. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ModelFolders } from "#runtime/engine/model-folders";
import type { LibraryContext } from "./context.ts";
import { fileError } from "./file-error.ts";

/** The first such folder that people have set up, else our own. */
export function targetFolder(context: LibraryContext, folder: string): string {
  for (const root of [...context.settings().modelFolders, context.modelFolder]) {
    const [place] = new ModelFolders([root]).existing(folder);
    if (place !== undefined) return place;
  }
  return join(context.modelFolder, folder);
}

/** The same, made when it does not exist. Throws ERR_FILE, ERR_DISK_FULL. */
export async function prepareTarget(context: LibraryContext, folder: string): Promise<string> {
  const place = targetFolder(context, folder);
  try {
    await mkdir(place, { recursive: true });
  } catch (error) {
    throw fileError(error, place);
  }
  return place;
}
