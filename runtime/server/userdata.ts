/** Files that a client keeps on the server: workflows, settings. One folder; nothing in it is ever run. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { isInside } from "#runtime/service/library/contained-path";
import { checkedName, openContained } from "./contained-file.ts";
import type { Limits } from "./limits.ts";
import { Refusal } from "./refusal.ts";

export interface UserFile {
  /** Relative to the folder that was listed, with "/". */
  readonly path: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly created: number;
}

export class UserData {
  readonly #folder: string;
  readonly #limits: Pick<Limits, "userFiles" | "userFileBytes">;

  constructor(folder: string, limits: Pick<Limits, "userFiles" | "userFileBytes">) {
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Files below a folder, sorted; none when there is no such folder. Throws Refusal for a bad name. */
  async list(directory: string, deep: boolean): Promise<readonly UserFile[]> {
    const start = directory === "" ? this.#folder : join(this.#folder, checkedName(directory));
    if (!(await this.#contains(start))) return [];
    const entries = await readdir(start, { recursive: deep, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith("."));
    const found = await Promise.all(
      files.slice(0, this.#limits.userFiles).map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const { size, mtimeMs, birthtimeMs } = await stat(path);
        return {
          path: relative(start, path).replaceAll(sep, "/"),
          size,
          modified: Math.round(mtimeMs),
          created: Math.round(birthtimeMs),
        };
      }),
    );
    return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async read(name: string): Promise<Buffer> {
    const { handle } = await openContained(this.#folder, name);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  /** Returns the file as it is now. Throws Refusal: 409 when it exists and may not be replaced, 413 when too large. */
  async write(name: string, data: Buffer, overwrite: boolean): Promise<UserFile> {
    if (data.length > this.#limits.userFileBytes)
      throw new Refusal(
        413,
        "too_large",
        `Expected at most ${this.#limits.userFileBytes} bytes, got ${data.length}.`,
      );
    const target = await this.#target(name);
    const existing = await stat(target).catch(() => null);
    if (existing !== null && (!overwrite || !existing.isFile()))
      throw new Refusal(
        409,
        "exists",
        `Expected a new name, got ${JSON.stringify(name)}, which exists.`,
      );
    if (existing === null && (await this.list("", true)).length >= this.#limits.userFiles)
      throw new Refusal(
        507,
        "too_many_files",
        `Expected at most ${this.#limits.userFiles} files. Delete some.`,
      );
    const temporary = join(dirname(target), `.umbel-${randomUUID()}`);
    try {
      await writeFile(temporary, data, { flag: "wx" });
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
    return this.#describe(name, target);
  }

  async remove(name: string): Promise<void> {
    const { handle } = await openContained(this.#folder, name);
    await handle.close();
    await rm(join(this.#folder, checkedName(name)));
  }

  async move(from: string, to: string, overwrite: boolean): Promise<UserFile> {
    const { handle } = await openContained(this.#folder, from);
    await handle.close();
    const target = await this.#target(to);
    const existing = await stat(target).catch(() => null);
    if (existing !== null && (!overwrite || !existing.isFile()))
      throw new Refusal(
        409,
        "exists",
        `Expected a new name, got ${JSON.stringify(to)}, which exists.`,
      );
    await rename(join(this.#folder, checkedName(from)), target);
    return this.#describe(to, target);
  }

  /** A JSON object in a file of its own; {} when there is none or it is damaged. */
  async readJson(name: string): Promise<Record<string, unknown>> {
    try {
      const value: unknown = JSON.parse(
        await readFile(join(this.#folder, checkedName(name)), "utf8"),
      );
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : {};
    } catch {
      return {};
    }
  }

  async #target(name: string): Promise<string> {
    const target = join(this.#folder, checkedName(name));
    await mkdir(dirname(target), { recursive: true });
    if (!(await this.#contains(dirname(target))))
      throw new Refusal(
        403,
        "outside",
        `Expected a file inside the folder, got ${JSON.stringify(name)}, which leads out of it.`,
      );
    return target;
  }

  /** Whether a folder that exists lies inside, after all links. */
  async #contains(path: string): Promise<boolean> {
    try {
      const [root, real] = await Promise.all([realpath(this.#folder), realpath(path)]);
      return root === real || isInside(root, real);
    } catch {
      return false;
    }
  }

  async #describe(name: string, path: string): Promise<UserFile> {
    const { size, mtimeMs, birthtimeMs } = await stat(path);
    return {
      path: name,
      size,
      modified: Math.round(mtimeMs),
      created: Math.round(birthtimeMs),
    };
  }
}
