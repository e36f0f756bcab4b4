/**
 * Files that the page may read and write: those that the user chose in a dialog, dropped, started the app with, or had
 * open before. Links are followed first, so that a name cannot stand for another file.
 */
import { createHash, randomBytes } from "node:crypto";
import { lstat, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { UmbelError } from "#runtime/errors";
import type { OpenedFile, SaveOutcome } from "#runtime/protocol/desktop-contract";

/** Larger files are opened by place only ("files.pick"). */
const READ_LIMIT = 2 ** 30;

export class FileAccess {
  readonly #allowed = new Set<string>();

  /** The real path, from now on permitted. */
  async allow(path: string): Promise<string> {
    const real = await realPlace(path);
    this.#allowed.add(real);
    return real;
  }

  /** Throws ERR_FILE for a path that nobody has chosen. */
  async check(path: string): Promise<string> {
    const real = await realPlace(path);
    if (this.#allowed.has(real)) return real;
    throw new UmbelError(
      "ERR_FILE",
      `Expected a file that was opened here, got ${path}. Open it from the file dialog.`,
    );
  }

  async read(path: string): Promise<OpenedFile> {
    const real = await this.check(path);
    return fileErrors(real, async () => {
      const { size } = await stat(real);
      if (size > READ_LIMIT) {
        throw new UmbelError(
          "ERR_FILE",
          `Expected a file of at most 1 GB, got ${size} bytes in ${real}.`,
        );
      }
      const data = await readFile(real);
      return { name: basename(real), path: real, data, version: versionOf(data) };
    });
  }

  /** Replaces the file in one step. With a version, only while the file still holds it. */
  async save(path: string, data: Uint8Array, version: string | null): Promise<SaveOutcome> {
    const real = await this.check(path);
    return fileErrors(real, async () => {
      if (version !== null) {
        const found = await currentVersion(real);
        if (found !== version) return { state: "changed", version: found };
      }
      await replaceFile(real, data);
      return { state: "saved", version: versionOf(data) };
    });
  }
}

/** Null when the file is not there. */
export async function currentVersion(path: string): Promise<string | null> {
  try {
    return versionOf(await readFile(path));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

export function versionOf(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Writes beside the file, then renames: a reader sees the old bytes or the new ones. Keeps the file's permissions. */
export async function replaceFile(path: string, data: Uint8Array): Promise<void> {
  const temporary = join(
    dirname(path),
    `.${basename(path)}.${randomBytes(6).toString("hex")}.part`,
  );
  try {
    const mode = await stat(path).then(
      (found) => found.mode & 0o777,
      () => 0o666,
    );
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The real path of a file, or where it would be made. Throws ERR_FILE for a folder that is not there. */
async function realPlace(path: string): Promise<string> {
  if (!isAbsolute(path) || path.includes("\0")) {
    throw new UmbelError("ERR_FILE", `Expected a whole path, got ${JSON.stringify(path)}.`);
  }
  return fileErrors(path, async () => {
    const link = await lstat(path).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    });
    return link === null ? join(await realpath(dirname(path)), basename(path)) : realpath(path);
  });
}

async function fileErrors<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (cause instanceof UmbelError) throw cause;
    if (codeOf(cause) === "ENOSPC") {
      throw new UmbelError(
        "ERR_DISK_FULL",
        `Expected room for ${path}, got a full disk. Free some space.`,
        { cause },
      );
    }
    const reason =
      REASONS[codeOf(cause) ?? ""] ?? (cause instanceof Error ? cause.message : String(cause));
    throw new UmbelError("ERR_FILE", `Expected to reach ${path}, got: ${reason}.`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EISDIR: "a folder",
  ELOOP: "links that lead in a circle",
  ENOENT: "no such file or folder",
  ENOTDIR: "no such folder",
  EPERM: "no permission",
  EROFS: "a disk that cannot be written to",
};

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}
