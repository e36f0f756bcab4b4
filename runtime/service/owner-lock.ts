/** One service at a time has a data folder. The system drops the lock with the process, however that ends. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { toUmbelError, UmbelError } from "#runtime/errors";

/** Throws ERR_FILE when another service has the folder. */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true });
  const connection = new Libsql(join(folder, "umbel.lock"));
  try {
    connection.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    connection.close();
    if ((cause as { code?: unknown }).code !== "SQLITE_BUSY") {
      throw new UmbelError(
        "ERR_FILE",
        `Expected to lock ${folder}, got ${toUmbelError(cause).message}. Check the folder and its permissions.`,
        { cause },
      );
    }
    throw new UmbelError(
      "ERR_FILE",
      `Expected ${folder} for this Umbel alone, got one that another Umbel uses. Close that one, or choose another data folder.`,
      { cause },
    );
  }
  return { [Symbol.dispose]: () => void connection.close() };
}
