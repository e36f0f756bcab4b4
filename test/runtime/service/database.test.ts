import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { expect, it } from "vitest";
import { openDatabase } from "#runtime/service/database";
import { MIGRATIONS } from "#runtime/service/schema";
import { scratchFolder } from "../../helpers/umbel-process.ts";

const count = "SELECT count(*) AS n FROM settings";
const insert = "INSERT INTO settings VALUES (?, 'x')";

it("writes transactions whole or not at all, also one inside another", () => {
  using database = openDatabase(join(scratchFolder(), "new/umbel.db")).database;
  const fail = () =>
    database.transaction(() => {
      database.run(insert, "a");
      database.transaction(() => database.run(insert, "b"));
      throw new Error("no");
    });
  expect(fail).toThrow("no");
  expect(database.first(count)).toEqual({ n: 0 });
  database.transaction(() => database.run(insert, "a"));
  expect(() => database.run(insert, "a")).toThrow(/UNIQUE/);
  expect(database.all("SELECT * FROM settings")).toEqual([{ name: "a", value: "x" }]);
  expect(database.first("SELECT * FROM settings WHERE name = ?", "none")).toBeUndefined();
});

it("keeps what is there, and refuses a file of a newer version untouched", () => {
  const path = join(scratchFolder(), "umbel.db");
  const first = openDatabase(path);
  first.database.run(insert, "a");
  first.database[Symbol.dispose]();
  const second = openDatabase(path);
  expect(second).toMatchObject({ notice: null });
  expect(second.database.first(count)).toEqual({ n: 1 });
  second.database[Symbol.dispose]();

  const connection = new Libsql(path);
  connection.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
  connection.close();
  expect(() => openDatabase(path)).toThrow(/newer Umbel/);
  expect(readdirSync(join(path, "..")).filter((name) => name.includes("damaged"))).toEqual([]);
});

it("sets aside what is no database, with its bytes", () => {
  const path = join(scratchFolder(), "umbel.db");
  writeFileSync(path, "not a database at all".repeat(100));
  const { database, notice } = openDatabase(path, new Date(0));
  expect(database.first(count)).toEqual({ n: 0 });
  database[Symbol.dispose]();
  const aside = `${path}.damaged-1970-01-01T00-00-00-000Z`;
  expect(notice).toContain(aside);
  expect(readFileSync(aside, "utf8")).toMatch(/^not a database/);
});

it("says why a place cannot be used", () => {
  const path = join(scratchFolder(), "file");
  writeFileSync(path, "");
  expect(() => openDatabase(join(path, "umbel.db"))).toThrow(
    /^Expected to open .*Check the folder/,
  );
});
