/**
 * ComfyUI's extra_model_paths.yaml: sections that each name folders of models below a base path, under names of their
 * own, one or several a kind.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { isObject, type Json } from "#runtime/graph/json";

const FILE = "extra_model_paths.yaml";
const MOST_BYTES = 1 << 20;

/** Folder kind -> paths, those of sections marked as default first. */
export type ExtraPaths = ReadonlyMap<string, readonly string[]>;

const NONE: ExtraPaths = new Map();

/** Those that lie beside ComfyUI's models folder, or none: a file that cannot be read adds nothing. */
export function extraModelPaths(root: string): ExtraPaths {
  const folder = basename(root) === "models" ? dirname(root) : root;
  try {
    const text = readFileSync(join(folder, FILE), "utf8");
    return text.length > MOST_BYTES ? NONE : readPaths(parse(text) as Json, folder);
  } catch {
    return NONE;
  }
}

function readPaths(file: Json, folder: string): ExtraPaths {
  const found = new Map<string, string[]>();
  const sections = Object.values(isObject(file) ? file : {}).filter(isObject);
  const isDefault = (section: { readonly [key: string]: Json }) => section["is_default"] === true;
  for (const section of sections.toSorted((a, b) => Number(isDefault(b)) - Number(isDefault(a)))) {
    const { base_path: base, is_default: _, ...kinds } = section;
    const start = resolve(folder, typeof base === "string" ? expand(base) : "");
    for (const [kind, text] of Object.entries(kinds)) {
      if (typeof text !== "string") continue;
      const lines = text.split("\n").map((line) => line.trim());
      const paths = lines.filter((line) => line !== "").map((line) => resolve(start, expand(line)));
      found.set(kind, [...(found.get(kind) ?? []), ...paths]);
    }
  }
  return found;
}

/** "~" and variables of the environment, as ComfyUI reads them. */
function expand(path: string): string {
  return path
    .replace(/^~(?=$|[/\\])/, homedir())
    .replace(
      /\$(?:(\w+)|\{(\w+)\})/g,
      (whole, name: string | undefined, braced: string) => process.env[name ?? braced] ?? whole,
    );
}
