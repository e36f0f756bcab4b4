import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/** The real path of `name` below `folder`; null when it is no file or lies elsewhere once links are followed. */
export async function containedFile(folder: string, name: string): Promise<string | null> {
  if (name === "" || /[\0\\]/.test(name)) return null;
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, name));
    return path.startsWith(root + sep) && (await stat(path)).isFile() ? path : null;
  } catch {
    return null;
  }
}
