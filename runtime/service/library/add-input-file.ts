/** Puts a picture or clip that a client sends into the input folder. */
import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { UmbelError } from "#runtime/errors";
import { fileKind, type FileKind } from "#runtime/media/file-kind";
import { containedFolder, nameParts } from "./contained-path.ts";
import { fileError } from "./file-error.ts";

export const MOST_BYTES = 512 << 20;
const MOST_TRIES = 10_000;

/** Endings of each kind, the usual one first. */
const ENDINGS: Readonly<Record<FileKind, readonly string[]>> = {
  png: [".png"],
  jpeg: [".jpg", ".jpeg"],
  webp: [".webp"],
  gif: [".gif"],
  mp4: [".mp4", ".mov", ".m4v"],
  webm: [".webm", ".mkv"],
};

/**
 * The name that the file got: its own, with the ending of what it is, and a number when another file has that name. A
 * file that is there already with the same content is not written twice. Throws ERR_MEDIA for other content, ERR_FILE,
 * ERR_DISK_FULL.
 */
export async function addInputFile(
  folder: string,
  name: string,
  data: Uint8Array,
): Promise<string> {
  const { parts, stem, ending } = targetOf(name, checkKind(name, data));
  const prefix = parts.map((part) => `${part}/`).join("");
  let temporary: string | null = null;
  try {
    await mkdir(folder, { recursive: true });
    const directory = await containedFolder(folder, parts);
    temporary = join(directory, `.umbel-${process.pid}-${randomUUID()}${ending}`);
    await writeFile(temporary, data, { flag: "wx" });
    for (let n = 0; n < MOST_TRIES; n++) {
      const own = `${stem}${n === 0 ? "" : ` (${n})`}${ending}`;
      if (
        (await claim(temporary, join(directory, own))) ||
        (await hasContent(join(directory, own), data))
      )
        return prefix + own;
    }
    throw new UmbelError("ERR_FILE", `Expected a free name like "${name}", got none. Rename it.`);
  } catch (error) {
    throw fileError(error, join(folder, ...parts, stem + ending));
  } finally {
    if (temporary !== null) await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function checkKind(name: string, data: Uint8Array): FileKind {
  if (data.byteLength > MOST_BYTES) {
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected at most ${MOST_BYTES >> 20} MiB, got ${Math.ceil(data.byteLength / 2 ** 20)} MiB in ${JSON.stringify(name)}. Put it into the input folder by hand.`,
    );
  }
  const kind = fileKind(data);
  if (kind !== null) return kind;
  throw new UmbelError(
    "ERR_MEDIA",
    `Expected a picture (PNG, JPEG, WebP, GIF) or a clip (MP4, MOV, WebM), got something else in ${JSON.stringify(name.slice(0, 100))}.`,
  );
}

function targetOf(name: string, kind: FileKind): { parts: string[]; stem: string; ending: string } {
  const parts = [...nameParts(name)];
  const last = parts.pop() ?? "";
  // A leading dot would hide the file from the list of inputs.
  const visible = last.replace(/^\.+/, "");
  const given = extname(visible);
  const endings = ENDINGS[kind];
  const ending = endings.includes(given.toLowerCase()) ? given : (endings[0] ?? "");
  const stem = endings.includes(given.toLowerCase()) ? basename(visible, given) : visible;
  return { parts, stem: stem === "" ? kind : stem, ending };
}

/** False when the name is taken: a hard link never replaces what is there. */
async function claim(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "ENOSYS", "EMLINK"].includes(code)) throw error;
  }
  // A file system without hard links: opened anew, and only if nothing is there.
  try {
    await writeFile(path, await readFile(temporary), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    await rm(path, { force: true });
    throw error;
  }
}

async function hasContent(path: string, data: Uint8Array): Promise<boolean> {
  const status = await lstat(path);
  if (!status.isFile() || status.size !== data.byteLength) return false;
  return (await readFile(path)).equals(data);
}
