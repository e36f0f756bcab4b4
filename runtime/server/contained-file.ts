/** A file that a client names, inside the folder that it is allowed to see. */
import { open, realpath, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { toUmbelError } from "#runtime/errors";
import { isInside, nameParts } from "#runtime/service/library/contained-path";
import { Refusal } from "./refusal.ts";

/** The name with "/". Throws Refusal 400 for names that no file inside can have. */
export function checkedName(name: string): string {
  try {
    return nameParts(name).join("/");
  } catch (error) {
    throw new Refusal(400, "bad_name", toUmbelError(error).message);
  }
}

/**
 * Opens a file below `folder`, after all symbolic links. Throws Refusal: 400 for a bad name, 403 when it lies outside,
 * 404 when there is none.
 */
export async function openContained(
  folder: string,
  name: string,
): Promise<{ handle: FileHandle; path: string; bytes: number }> {
  const wanted = join(folder, checkedName(name));
  const path = await resolved(wanted, name);
  if (!isInside(await resolved(folder, name), path))
    throw new Refusal(
      403,
      "outside",
      `Expected a file inside the folder, got ${JSON.stringify(name)}, which leads out of it.`,
    );
  const handle = await open(path, "r").catch(() => {
    throw missing(name);
  });
  const status = await handle.stat();
  if (!status.isFile()) {
    await handle.close();
    throw missing(name);
  }
  return { handle, path, bytes: status.size };
}

async function resolved(path: string, name: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    throw missing(name);
  }
}

function missing(name: string): Refusal {
  return new Refusal(404, "not_found", `Expected an existing file, got ${JSON.stringify(name)}.`);
}
