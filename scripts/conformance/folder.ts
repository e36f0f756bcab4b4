import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UmbelError } from "#runtime/errors";

/** A folder with files of reference data. */
export class Folder {
  readonly path: string;
  readonly name: string;
  /** Names of its files, sorted. */
  readonly files: readonly string[];

  constructor(path: string) {
    this.path = path;
    this.name = basename(path);
    this.files = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .toSorted();
  }

  has(file: string): boolean {
    return this.files.includes(file);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** A file of a folder beside this one. */
  beside(folder: string, file: string): string {
    return join(dirname(this.path), folder, file);
  }

  /** Throws ERR_FILE when it is no JSON. */
  json(name: string): unknown {
    try {
      return JSON.parse(readFileSync(this.file(name), "utf8"));
    } catch (error) {
      throw new UmbelError(
        "ERR_FILE",
        `Expected JSON in ${this.file(name)}, got ${String(error)}.`,
      );
    }
  }

  /** A JSON file that maps names to names. Throws ERR_FILE. */
  nameMap(name: string): Readonly<Record<string, string>> {
    const map = this.json(name);
    if (typeof map === "object" && map !== null) {
      const entries = Object.entries(map);
      if (entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) {
        return Object.fromEntries(entries);
      }
    }
    throw new UmbelError("ERR_FILE", `Expected names for names in ${this.file(name)}.`);
  }
}

/** True for a folder with workflows of ComfyUI and the prompts that they become. */
export function isComfyFolder(path: string): boolean {
  return ["workflows", "api"].every((name) => existsSync(join(path, name)));
}

/** The folders at and below a path that hold files, in order. Throws ERR_FILE when there is no such folder. */
export function foldersBelow(path: string): Folder[] {
  const root = resolve(path);
  if (!existsSync(root) || !statSync(root).isDirectory()) {
    throw new UmbelError("ERR_FILE", `Expected a folder with reference data, got ${path}.`);
  }
  const below = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name))
    .toSorted();
  const folder = new Folder(root);
  if (isComfyFolder(root)) return [folder];
  // Notes beside the folders that hold the data are none themselves.
  const data = below.length === 0 ? /\.(safetensors|model|json)$/ : /\.(safetensors|model)$/;
  const isOne = folder.files.some((name) => data.test(name));
  const others = below.flatMap(foldersBelow);
  return isOne ? [folder, ...others] : others;
}
