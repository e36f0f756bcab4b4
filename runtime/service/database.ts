/**
 * The SQLite file of the service: queue, history, journal and settings. Everything is written in transactions that
 * survive the end of the process (WAL) and, unless said otherwise, a power cut (synchronous FULL).
 */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import Libsql from "libsql";
import { isUmbelError, toUmbelError, UmbelError } from "#runtime/errors";
import { MIGRATIONS } from "./schema.ts";

export type Row = Readonly<Record<string, unknown>>;
export type Param = string | number | null;

const BUSY_MILLISECONDS = 5000;
const DAMAGED = new Set(["SQLITE_NOTADB", "SQLITE_CORRUPT"]);

export class Database implements Disposable {
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement<Param[]>>();

  constructor(connection: Libsql.Database) {
    this.#connection = connection;
  }

  all(sql: string, ...params: Param[]): Row[] {
    return this.#prepare(sql).all(...params) as Row[];
  }

  /** The first row. (The library's own `get` adds a column of its own.) */
  first(sql: string, ...params: Param[]): Row | undefined {
    return this.all(sql, ...params)[0];
  }

  /** Returns the number of rows that changed. */
  run(sql: string, ...params: Param[]): number {
    return this.#prepare(sql).run(...params).changes;
  }

  /** All of it or nothing; a transaction inside another is a part of it. */
  transaction<T>(work: () => T): T {
    if (this.#connection.inTransaction) return work();
    this.#connection.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#connection.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
      throw error;
    }
  }

  [Symbol.dispose](): void {
    // The library closes the file only when its statements are collected, so nothing is left to be copied then.
    this.all("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#statements.clear();
    this.#connection.close();
  }

  /**
   * A transaction that a power cut may undo, for what the next durable one carries along: it does not wait for the disk.
   */
  quickTransaction<T>(work: () => T): T {
    this.all("PRAGMA synchronous = NORMAL");
    try {
      return this.transaction(work);
    } finally {
      this.all("PRAGMA synchronous = FULL");
    }
  }

  #prepare(sql: string): Libsql.Statement<Param[]> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare<Param[]>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

export interface OpenedDatabase {
  readonly database: Database;
  /** What happened to a damaged file; null when all was well. */
  readonly notice: string | null;
}

/**
 * Opens or makes the file. A damaged one is set aside under another name and a new one made. Throws ERR_FILE for a file
 * of a newer version or a place where none can be.
 */
export function openDatabase(path: string, now = new Date()): OpenedDatabase {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return { database: openFile(path), notice: null };
  } catch (error) {
    if (isUmbelError(error)) throw error;
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (typeof code !== "string" || !DAMAGED.has(code)) throw cannotOpen(path, error);
    const aside = `${path}.damaged-${now.toISOString().replaceAll(/[:.]/g, "-")}`;
    for (const part of ["", "-wal", "-shm"])
      if (existsSync(path + part)) renameSync(path + part, aside + part);
    return {
      database: openFile(path),
      notice: `Expected the queue and history in ${path}, got a damaged file (${String(message)}). It was set aside as ${aside}, and a new one was begun.`,
    };
  }
}

function openFile(path: string): Database {
  const connection = new Libsql(path, { timeout: BUSY_MILLISECONDS });
  try {
    connection.exec("PRAGMA journal_mode = WAL");
    connection.exec("PRAGMA synchronous = FULL");
    connection.exec("PRAGMA foreign_keys = ON");
    const check = connection.prepare("PRAGMA quick_check(1)").all() as Row[];
    const found = String(Object.values(check[0] ?? {})[0]);
    if (found !== "ok") throw Object.assign(new Error(found), { code: "SQLITE_CORRUPT" });
    migrate(connection, path);
    return new Database(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function migrate(connection: Libsql.Database, path: string): void {
  const row = (connection.prepare("PRAGMA user_version").all() as Row[])[0];
  const version = Number(row?.["user_version"]);
  if (version > MIGRATIONS.length) {
    throw new UmbelError(
      "ERR_FILE",
      `Expected ${path} in version ${MIGRATIONS.length} or older, got ${version}: a newer Umbel has written it. Update Umbel, or choose another data folder.`,
    );
  }
  for (const [i, sql] of MIGRATIONS.entries()) {
    if (i < version) continue;
    connection.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${i + 1}; COMMIT`);
  }
}

function cannotOpen(path: string, error: unknown): UmbelError {
  return new UmbelError(
    "ERR_FILE",
    `Expected to open ${path}, got ${toUmbelError(error).message}. Check the folder and its permissions.`,
    { cause: error },
  );
}
