/** Folders that ship with Umbel, for sources and for dist/ alike. */
import { existsSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder that holds runtime/ and nodes/ as they run (the checkout, or dist/). */
export const CODE_ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Folder that holds models/ and examples/. */
export const PACKAGE_ROOT = outsideArchive(
  existsSync(join(CODE_ROOT, "models")) ? CODE_ROOT : dirname(CODE_ROOT),
);

export const NODE_FOLDER = join(CODE_ROOT, "nodes");
export const BUNDLED_MODELS = join(PACKAGE_ROOT, "models");
/** Counts the tokens of prompts when a plan's text encoder has no file. */
export const PLANNING_TEXT_ENCODER = join(
  BUNDLED_MODELS,
  "text_encoders",
  "umbel_tiny_umt5_bf16.safetensors",
);

/** In the desktop package code lies in an archive, and what is mapped into memory in a folder beside it. */
function outsideArchive(folder: string): string {
  return folder.endsWith(`${sep}app.asar`) ? `${folder}.unpacked` : folder;
}
