/**
 * All that compiled programs import: their own files, and the packages without which they do not start. Own files are
 * followed through static and dynamic imports. Of packages only static imports count, and what those depend on in turn:
 * what a program imports at the moment when it needs it (codecs, pictures) is for work that others may never do.
 */
import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { init, parse } from "es-module-lexer";

export interface ImportClosure {
  /** Absolute paths. */
  readonly files: ReadonlySet<string>;
  /** Package names with their folders. */
  readonly packages: ReadonlyMap<string, string>;
}

interface Manifest {
  readonly imports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** The nearest folder at or above `folder` that holds `name`. */
function findAbove(folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return at;
    if (dirname(at) === at) return null;
  }
}

/** The file of an import of the form `#name` by the `imports` of the nearest package.json. */
function ownFile(specifier: string, from: string): string | null {
  const folder = findAbove(dirname(from), "package.json");
  if (folder === null) return null;
  for (const [pattern, target] of Object.entries(readManifest(folder).imports ?? {})) {
    if (pattern === specifier) return join(folder, target);
    const [head, tail] = pattern.split("*");
    if (tail === undefined || !specifier.startsWith(head!) || !specifier.endsWith(tail)) continue;
    const middle = specifier.slice(head!.length, specifier.length - tail.length);
    return join(folder, target.replace("*", middle));
  }
  return null;
}

/** @throws Error naming the importer and the import when a file or a package is missing. */
export async function importClosure(entries: readonly string[]): Promise<ImportClosure> {
  await init;
  const files = new Set<string>();
  const packages = new Map<string, string>();

  const addPackage = (name: string, importer: string) => {
    const above = findAbove(dirname(importer), join("node_modules", name, "package.json"));
    if (above === null) throw new Error(`Expected package ${name} for ${importer}, got none.`);
    const folder = join(above, "node_modules", name);
    if (packages.has(name)) return;
    packages.set(name, folder);
    const manifest = join(folder, "package.json");
    for (const needed of Object.keys(readManifest(folder).dependencies ?? {}))
      addPackage(needed, manifest);
  };

  const addFile = (path: string, importer: string) => {
    if (files.has(path)) return;
    if (!existsSync(path)) throw new Error(`Expected ${path} for ${importer}, got none.`);
    files.add(path);
    if (!path.endsWith(".js")) return;
    for (const { n: specifier, d: dynamic } of parse(readFileSync(path, "utf8"), path)[0]) {
      // Without a specifier: import.meta, or an import of a file that is named at run time.
      if (specifier === undefined || isBuiltin(specifier)) continue;
      if (specifier.startsWith(".")) {
        addFile(resolve(dirname(path), specifier), path);
      } else if (specifier.startsWith("#")) {
        addFile(ownFile(specifier, path) ?? specifier, path);
      } else if (dynamic === -1) {
        addPackage(specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/"), path);
      }
    }
  };

  for (const entry of entries) addFile(resolve(entry), "the pack");
  return { files, packages };
}
