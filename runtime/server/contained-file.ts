/** A file that a client names, inside the folder that it is allowed to see. */
import { open, realpath, type FileHandle } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { Refusal } from "./refusal.ts";

/** Throws Refusal 400 for names that no file inside can have. */
export function checkedName(name: string): string {
  const parts = name.replaceAll("\\", "/").split("/");
  const odd =
    name === "" ||
    name.length > 1024 ||
    name.includes("\0") ||
    /^[a-z]:/i.test(name) ||
    parts.some((part) => part === "" || part === "." || part === "..");
  if (odd)
    throw new Refusal(
      400,
      "bad_name",
      `Expected a file name inside the folder, got ${JSON.stringify(name)}.`,
    );
  return parts.join("/");
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

export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
