/** A model file that lies elsewhere, under the name by which a graph asks for it. */
import { link, realpath, stat, symlink } from "node:fs/promises";
import { extname, isAbsolute, join } from "node:path";
import { UmbelError } from "#runtime/errors";
import { containedFolder, nameParts } from "./contained-path.ts";
import type { LibraryContext } from "./context.ts";
import { fileError } from "./file-error.ts";
import { prepareTarget } from "./model-target.ts";

export interface ModelFileRequest {
  /** Where the file is. */
  readonly path: string;
  readonly folder: string;
  /** As the graph names it. */
  readonly name: string;
}

/**
 * Makes a link, so that a large file is neither moved nor doubled. Returns the link's path. Throws ERR_FILE when there is no
 * such file, when it is of another format, and when the name is taken.
 */
export async function addModelFile(
  context: LibraryContext,
  { path, folder, name }: ModelFileRequest,
): Promise<string> {
  const parts = nameParts(name);
  const file = parts.at(-1)!;
  const real = await existingFile(path);
  const [expected, found] = [extname(file).toLowerCase(), extname(real).toLowerCase()];
  if (expected !== found)
    throw new UmbelError(
      "ERR_FILE",
      `Expected a file of the format ${expected || "that the graph names"}, got ${real}. Choose another.`,
    );
  const place = await containedFolder(await prepareTarget(context, folder), parts.slice(0, -1));
  const target = join(place, file);
  try {
    await makeLink(real, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new UmbelError(
        "ERR_FILE",
        `Expected the name ${target} to be free, got a file there. Move it away first.`,
        { cause: error },
      );
    throw fileError(error, target);
  }
  return target;
}

async function existingFile(path: string): Promise<string> {
  try {
    if (!isAbsolute(path) || path.includes("\0")) throw new Error("no whole path");
    const real = await realpath(path);
    if (!(await stat(real)).isFile()) throw new Error("no file");
    return real;
  } catch (cause) {
    const shown = JSON.stringify(path.slice(0, 300));
    throw new UmbelError("ERR_FILE", `Expected a file at ${shown}, got none.`, { cause });
  }
}

/** Windows makes links to files for administrators only, and second names on the same disk for everybody. */
async function makeLink(real: string, target: string): Promise<void> {
  try {
    await symlink(real, target, "file");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    await link(real, target);
  }
}
