/** What people have set, durable; what is not set has its default. */
import {
  DEFAULT_SETTINGS,
  settingsValue,
  type Settings,
  type SettingsChange,
} from "#runtime/protocol/service-values";
import type { Database } from "./database.ts";

const PAUSED = "queue.paused";

export class ServiceSettings {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A stored value that this version cannot read counts as not set. */
  get values(): Settings {
    const values: Record<string, unknown> = { ...DEFAULT_SETTINGS };
    for (const name of Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[]) {
      const stored = this.#read(name);
      const read = settingsValue.shape[name].safeParse(stored);
      if (stored !== undefined && read.success) values[name] = read.data;
    }
    return values as Settings;
  }

  change(changes: SettingsChange): Settings {
    this.#database.transaction(() => {
      for (const [name, value] of Object.entries(changes))
        if (value !== undefined) this.#write(name, value);
    });
    return this.values;
  }

  get paused(): boolean {
    return this.#read(PAUSED) === true;
  }

  set paused(paused: boolean) {
    this.#write(PAUSED, paused);
  }

  #read(name: string): unknown {
    const row = this.#database.first("SELECT value FROM settings WHERE name = ?", name);
    return row === undefined ? undefined : JSON.parse(String(row["value"]));
  }

  #write(name: string, value: unknown): void {
    this.#database.run(
      "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      name,
      JSON.stringify(value),
    );
  }
}
