/**
 * Names that come from clients, as paths inside of a folder. The one place where such a name becomes a path: what is
 * absolute, goes up, or reaches outside through a link is refused before anything is read.
 */
import { mkdir, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { UmbelError } from "#runtime/errors";

const LONGEST = 1024;
/** Names that Windows takes for devices, with any ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * The parts of the relative name of a new file; "/" and "\" both separate. Throws ERR_FILE for names that are empty, absolute, too long,
 * go up, or that a file system of another machine reads as something else.
 */
export function nameParts(name: string): readonly string[] {
  const parts = name.split(/[/\\]/);
  const isBad = (part: string): boolean =>
    part === "" ||
    part === "." ||
    part === ".." ||
    /[:\p{Cc}]/u.test(part) ||
    /[. ]$/.test(part) ||
    DEVICE.test(part);
  if (name.length > LONGEST || parts.some(isBad)) throw badName(name);
  return parts;
}

/**
 * Real path of a file that exists in the first of the folders that has it, links followed. Its name may be any that a
 * file has, but leads neither up nor elsewhere. Throws ERR_FILE.
 */
export async function containedPath(folders: readonly string[], name: string): Promise<string> {
  const parts = name.split(/[/\\]/);
  const isOdd = parts.some((part) => part === "" || part === "." || part === "..");
  if (isOdd || name.length > LONGEST || /^[a-z]:/i.test(name) || /\p{Cc}/u.test(name))
    throw badName(name);
  let isElsewhere = false;
  for (const folder of folders) {
    const [root, real] = await Promise.all([realPathOf(folder), realPathOf(join(folder, name))]);
    if (root === null || real === null) continue;
    if (isInside(root, real)) return real;
    isElsewhere = true;
  }
  throw new UmbelError(
    "ERR_FILE",
    isElsewhere
      ? `Expected a file inside of the folder, got "${name}", a link that leads out of it.`
      : `Expected the file "${name}", got none. It was moved or deleted.`,
  );
}

async function realPathOf(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    return null;
  }
}

function badName(name: string): UmbelError {
  return new UmbelError(
    "ERR_FILE",
    `Expected a name inside of the folder, got ${JSON.stringify(name.slice(0, 100))}.`,
  );
}

/** Makes folders below one that exists, never through a link that leads out of it; the real path. Throws ERR_FILE. */
export async function containedFolder(folder: string, parts: readonly string[]): Promise<string> {
  const root = await realpath(folder);
  let path = root;
  for (const part of parts) {
    path = join(path, part);
    await mkdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    const real = await realpath(path);
    if (!isInside(root, real)) {
      throw new UmbelError(
        "ERR_FILE",
        `Expected a folder inside of ${folder}, got "${parts.join("/")}", a link that leads out of it.`,
      );
    }
    path = real;
  }
  return path;
}

/** Both paths are real. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
