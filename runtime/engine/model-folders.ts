/**
 * Model files by ComfyUI's folders: each folder may lie in several roots (ours, an existing ComfyUI models/ tree, the
 * bundled one), names are relative with "/", and the first root that has a name wins.
 *
 * A name may not leave its folder: absolute ones and ".." are refused before anything is looked up. Links inside of a
 * folder are followed wherever they lead, since linking models from another disk is common: whoever can put a link there
 * may also put a model there.
 */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { UmbelError } from "#runtime/errors";
import { nearest } from "#runtime/graph/nearest";
import { isFile, relativeName, statusOf } from "./contained-name.ts";
import { extraModelPaths, type ExtraPaths } from "./extra-model-paths.ts";

/** Folder -> the names under which roots may have it, ours first. */
const FOLDERS: ReadonlyMap<string, readonly string[]> = new Map(
  [
    ["checkpoints"],
    ["diffusion_models", "unet"],
    ["text_encoders", "clip"],
    ["vae"],
    ["loras"],
    ["clip_vision"],
    ["controlnet"],
    ["embeddings"],
    ["upscale_models"],
    ["vae_approx"],
    ["style_models"],
    ["audio_encoders"],
    ["model_patches"],
  ].map((names) => [names[0] ?? "", names]),
);
/** Formats that are read, and those that are listed so that opening them says why they are refused. */
const MODEL_FILE = /\.(safetensors|sft|safetensors\.index\.json|gguf|ckpt|pt|pt2|pth|bin|pkl)$/i;
const MAX_DEPTH = 12;
const MAX_FILES = 100_000;

/** Every kind of model folder. */
export const MODEL_FOLDERS: readonly string[] = [...FOLDERS.keys()];

interface Root {
  readonly paths: readonly string[];
  readonly extra: ExtraPaths;
}

export class ModelFolders {
  readonly #roots: readonly Root[];

  /**
   * `roots` hold the folders, like ComfyUI's models/, or are ComfyUI's own folder, whose extra_model_paths.yaml is read
   * too; missing ones are skipped.
   */
  constructor(roots: readonly string[]) {
    this.#roots = roots.map((root) => ({
      paths: existsSync(join(root, "models")) ? [join(root, "models"), root] : [root],
      extra: extraModelPaths(root),
    }));
  }

  /** The folders of a kind that exist, in the order in which names are looked up. */
  existing(folder: string): readonly string[] {
    return this.#places(folder).filter((place) => statusOf(place)?.isDirectory() === true);
  }

  /** Names in a folder, over all roots, sorted. Throws ERR_INVALID_ARGUMENT for a folder that does not exist. */
  list(folder: string): readonly string[] {
    const names = new Set<string>();
    for (const path of this.#places(folder)) listFiles(path, names);
    return [...names].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Full path of a model. Throws ERR_FILE naming the nearest when there is none, or when the name leaves its folder. */
  path(folder: string, name: string): string {
    const relative = relativeName(name);
    for (const place of this.#places(folder)) {
      const path = join(place, relative);
      if (isFile(path)) return path;
    }
    throw this.#notFound(folder, relative);
  }

  #places(folder: string): string[] {
    const names =
      FOLDERS.get(folder) ?? [...FOLDERS.values()].find((known) => known.includes(folder));
    if (names === undefined) {
      const known = [...FOLDERS.keys()].join(", ");
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected a model folder (${known}), got "${folder}".`,
      );
    }
    return this.#roots.flatMap(({ paths, extra }) => [
      ...paths.flatMap((path) => names.map((name) => join(path, name))),
      ...names.flatMap((name) => extra.get(name) ?? []),
    ]);
  }

  #notFound(folder: string, name: string): UmbelError {
    const names = this.list(folder);
    const own = basename(name);
    const sameFile = names.find((known) => basename(known).toLowerCase() === own.toLowerCase());
    const near = sameFile ?? nearest(name, names);
    const places = this.existing(folder);
    const hint =
      near !== null
        ? `Did you mean "${near}"?`
        : names.length > 0
          ? `There are: ${names.slice(0, 10).join(", ")}${names.length > 10 ? " ..." : ""}.`
          : "The folder is empty.";
    return new UmbelError(
      "ERR_FILE",
      `Expected "${name}" in ${folder} (${places.join(", ") || "no such folder in any root"}), got no such file. ${hint}`,
    );
  }
}

/** Adds all model files below a folder; links are followed, but never in a circle. */
function listFiles(root: string, names: Set<string>): void {
  const visit = (folder: string, prefix: string, parents: readonly string[]): void => {
    const real = realPath(folder);
    if (real === null || parents.includes(real) || parents.length >= MAX_DEPTH) return;
    for (const entry of readFolder(folder)) {
      if (names.size >= MAX_FILES) return;
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      const status = entry.isSymbolicLink() ? statusOf(path) : entry;
      if (status?.isDirectory() === true)
        visit(path, `${prefix}${entry.name}/`, [...parents, real]);
      else if (status?.isFile() === true && MODEL_FILE.test(entry.name))
        names.add(prefix + entry.name);
    }
  };
  visit(root, "", []);
}

/** Unreadable and missing folders count as empty. */
function readFolder(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
