/** Open graphs as they are, durable: written on every change, read after a crash. */
import { parseDocument } from "#runtime/graph/document";
import { isUmbelError } from "#runtime/errors";
import type { JournalEntry } from "#runtime/protocol/service-values";
import type { Database } from "./database.ts";

export class Journal {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  write({ id, title, path, dirty, changed, document }: JournalEntry): void {
    this.#database.run(
      "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET title = excluded.title, path = excluded.path, dirty = excluded.dirty, changed = excluded.changed, document = excluded.document",
      id,
      title,
      path,
      dirty ? 1 : 0,
      changed,
      JSON.stringify(document),
    );
  }

  /** In the order in which they were first written. One that this version cannot read is left out. */
  list(): JournalEntry[] {
    return this.#database.all("SELECT * FROM journal ORDER BY rowid").flatMap((row) => {
      try {
        return [
          {
            id: String(row["id"]),
            title: String(row["title"]),
            path: row["path"] as string | null,
            dirty: row["dirty"] === 1,
            changed: Number(row["changed"]),
            document: parseDocument(String(row["document"])),
          },
        ];
      } catch (error) {
        if (isUmbelError(error)) return [];
        throw error;
      }
    });
  }

  remove(id: string): void {
    this.#database.run("DELETE FROM journal WHERE id = ?", id);
  }
}
