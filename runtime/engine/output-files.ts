/** Names of result files: "<prefix>_00001_.<extension>", the next free number of the folder, inside the folder. */
import { randomUUID } from "node:crypto";
import { constants, existsSync, rmSync } from "node:fs";
import { access, link, mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { isUmbelError, UmbelError } from "#runtime/errors";

const TEMPORARY_PREFIX = ".umbel-";

/** Temporary files that this process is writing. */
const unfinished = new Set<string>();

/** For a process that ends before its time: removes what it was writing, synchronously. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
}

/** Makes a folder for results. Throws ERR_FILE when it is none that can be written to. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError(error, folder);
  }
}

export interface NameFields {
  readonly width?: number;
  readonly height?: number;
  /** "NodeName.widget" -> value. */
  readonly values?: ReadonlyMap<string, string>;
  readonly now?: Date;
}

/**
 * Writes a result under the next free name and returns its path. `write` gets a hidden temporary name in the same
 * folder; the final name appears only when it is done, so that neither a failure nor a killed process leaves a broken
 * file. Throws ERR_FILE when the prefix leaves the folder, ERR_DISK_FULL.
 */
export async function saveOutput(
  folder: string,
  prefix: string,
  extension: string,
  fields: NameFields,
  write: (temporaryPath: string) => Promise<void>,
): Promise<string> {
  const { directory, name } = await targetOf(folder, prefix, fields);
  const temporary = join(
    directory,
    `${TEMPORARY_PREFIX}${process.pid}-${randomUUID()}.${extension}`,
  );
  unfinished.add(temporary);
  try {
    await removeAbandoned(directory);
    await write(temporary);
    return await publish(temporary, directory, name, extension);
  } catch (error) {
    throw fileError(error, join(directory, name));
  } finally {
    await rm(temporary, { force: true });
    unfinished.delete(temporary);
  }
}

async function targetOf(
  folder: string,
  prefix: string,
  fields: NameFields,
): Promise<{ directory: string; name: string }> {
  const expanded = expandPrefix(prefix, fields);
  const target = resolve(folder, expanded);
  if (isAbsolute(expanded) || !inside(resolve(folder), target) || basename(expanded) === "") {
    throw new UmbelError(
      "ERR_FILE",
      `Expected a file name inside the output folder, got "${prefix}". Leave out "..", drive letters and leading slashes.`,
    );
  }
  const directory = dirname(target);
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw fileError(error, directory);
  }
  if (!inside(await realpath(folder), join(await realpath(directory), "x"))) {
    throw new UmbelError(
      "ERR_FILE",
      `Expected "${prefix}" inside the output folder, got a link that leads out of it.`,
    );
  }
  return { directory, name: basename(target) };
}

/** Gives the file its number: a hard link never replaces what is there, so two runs never get one name. */
async function publish(
  temporary: string,
  directory: string,
  name: string,
  extension: string,
): Promise<string> {
  for (let number = (await highest(directory, name)) + 1; ; number++) {
    const path = join(directory, `${name}_${String(number).padStart(5, "0")}_.${extension}`);
    try {
      await link(temporary, path);
      return path;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EEXIST") continue;
      if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EMLINK")
        throw error;
    }
    // A file system without hard links: the check and the renaming are two steps there.
    if (existsSync(path)) continue;
    await rename(temporary, path);
    return path;
  }
}

/** Temporary files of processes that are gone. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const entry of await readdir(directory)) {
    const pid = Number(new RegExp(`^\\${TEMPORARY_PREFIX}(\\d+)-`).exec(entry)?.[1] ?? Number.NaN);
    if (Number.isInteger(pid) && !isAlive(pid)) await rm(join(directory, entry), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function fileError(error: unknown, path: string): UmbelError {
  if (isUmbelError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const full = code === "ENOSPC" || code === "EDQUOT";
  const what = error instanceof Error ? error.message : String(error);
  return new UmbelError(
    full ? "ERR_DISK_FULL" : "ERR_FILE",
    `Expected to write ${path}, got ${what}. ${full ? "Free some space or choose another folder." : "Check the folder and its permissions."}`,
    { cause: error },
  );
}

/** Replaces %date:yyyy-MM-dd%, %year%, %width%, %NodeName.widget% and the like; unknown ones stay. */
export function expandPrefix(prefix: string, fields: NameFields): string {
  const now = fields.now ?? new Date();
  const two = (n: number): string => String(n).padStart(2, "0");
  const simple: Record<string, string | undefined> = {
    width: fields.width?.toString(),
    height: fields.height?.toString(),
    year: String(now.getFullYear()),
    month: two(now.getMonth() + 1),
    day: two(now.getDate()),
    hour: two(now.getHours()),
    minute: two(now.getMinutes()),
    second: two(now.getSeconds()),
  };
  return prefix.replace(/%([^%]+)%/g, (whole, field: string) => {
    if (field.startsWith("date:")) return formatDate(field.slice(5), now);
    const value = simple[field] ?? fields.values?.get(field);
    return value === undefined ? whole : value.replaceAll(/[/\\:*?"<>|\p{Cc}]/gu, "_");
  });
}

function formatDate(pattern: string, now: Date): string {
  const parts: Record<string, number> = {
    yyyy: now.getFullYear(),
    yy: now.getFullYear() % 100,
    MM: now.getMonth() + 1,
    dd: now.getDate(),
    hh: now.getHours(),
    HH: now.getHours(),
    mm: now.getMinutes(),
    ss: now.getSeconds(),
  };
  return pattern.replace(/yyyy|yy|MM|dd|hh|HH|mm|ss/g, (part) =>
    String(parts[part]).padStart(part.length, "0"),
  );
}

async function highest(directory: string, name: string): Promise<number> {
  let top = 0;
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith(`${name}_`)) continue;
    const match = /^(\d+)_?\./.exec(entry.slice(name.length + 1));
    if (match?.[1] !== undefined) top = Math.max(top, Number(match[1]));
  }
  return top;
}

function inside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
