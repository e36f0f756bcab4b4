/** Calls about what is kept: history, journal and settings. */
import type { Handlers } from "#runtime/protocol/contract";
import type { Settings, SettingsChange } from "#runtime/protocol/service-values";
import type { Database } from "./database.ts";
import type { EventHub } from "./event-hub.ts";
import { findDocument, findEntries } from "./job-entries.ts";
import type { JobHistory } from "./job-history.ts";
import type { Journal } from "./journal.ts";
import type { ServiceSettings } from "./service-settings.ts";

export interface RecordParts {
  readonly database: Database;
  readonly history: JobHistory;
  readonly journal: Journal;
  readonly settings: ServiceSettings;
  readonly hub: EventHub;
  /** Saves it, tells clients and, when that is due, opens the engine anew. */
  readonly changeSettings: (change: SettingsChange) => Promise<Settings>;
}

type Prefix = "history" | "journal" | "settings";
type RecordHandlers = Pick<Handlers, Extract<keyof Handlers, `${Prefix}.${string}`>>;

export function recordHandlers(parts: RecordParts): RecordHandlers {
  const { database, history, journal, settings, hub } = parts;
  return {
    "history.list": ({ before = Number.MAX_VALUE, limit, batch, job }) =>
      job === undefined
        ? history.list(before, limit, batch)
        : findEntries(database, "WHERE job = ? AND ended < ?", job, before),
    "history.document": ({ job }) => findDocument(database, job),
    "history.remove": ({ jobs }) => {
      const removed = history.remove(jobs);
      if (removed.length > 0) hub.emit({ type: "history_removed", jobs: removed });
      return null;
    },
    "journal.write": (entry) => {
      journal.write(entry);
      return null;
    },
    "journal.list": () => journal.list(),
    "journal.remove": ({ id }) => {
      journal.remove(id);
      return null;
    },
    "settings.get": () => settings.values,
    "settings.set": (change) => parts.changeSettings(change),
  };
}
