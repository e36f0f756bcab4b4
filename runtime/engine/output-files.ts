/** Names of result files: "<prefix>_00001_.<extension>", the next free number of the folder, inside the folder. */
import { mkdir, open, readdir, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UmbelError } from "#runtime/errors";

export interface NameFields {
  readonly width?: number;
  readonly height?: number;
  /** "NodeName.widget" -> value. */
  readonly values?: ReadonlyMap<string, string>;
  readonly now?: Date;
}

/**
 * Reserves a file by creating it empty, so that two runs never get one name. Throws ERR_FILE when the prefix leaves the
 * folder, ERR_DISK_FULL when nothing can be created.
 */
export async function reserveOutput(
  folder: string,
  prefix: string,
  extension: string,
  fields: NameFields = {},
): Promise<string> {
  const expanded = expandPrefix(prefix, fields);
  const target = resolve(folder, expanded);
  if (isAbsolute(expanded) || !inside(resolve(folder), target) || basename(expanded) === "") {
    throw new UmbelError(
      "ERR_FILE",
      `Expected a file name inside the output folder, got "${prefix}". Leave out "..", drive letters and leading slashes.`,
    );
  }
  const directory = dirname(target);
  await mkdir(directory, { recursive: true });
  if (!inside(await realpath(folder), join(await realpath(directory), "x"))) {
    throw new UmbelError(
      "ERR_FILE",
      `Expected "${prefix}" inside the output folder, got a link that leads out of it.`,
    );
  }
  const name = basename(target);
  for (let number = (await highest(directory, name)) + 1; ; number++) {
    const path = join(directory, `${name}_${String(number).padStart(5, "0")}_.${extension}`);
    try {
      await (await open(path, "wx")).close();
      return path;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EEXIST") continue;
      throw new UmbelError(
        code === "ENOSPC" || code === "EDQUOT" ? "ERR_DISK_FULL" : "ERR_FILE",
        `Expected to create ${path}, got ${code ?? String(error)}. Check free space and permissions.`,
        { cause: error },
      );
    }
  }
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
