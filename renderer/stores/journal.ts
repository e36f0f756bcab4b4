/** Writes every open graph to the service's journal soon after each change, and reads it back after a crash. */
import type { GraphDocument } from "#runtime/graph/document";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { JournalEntry } from "#runtime/protocol/service-values";
import { isDirty, type Documents, type OpenDocument } from "./documents.ts";

const DELAY_MS = 300;

export interface Journal {
  /**
   * Opens what the journal holds of ours, under the ids that `idFor` gives (null: not ours); an entry whose id changes
   * is written anew. How many graphs and the time of the last change.
   */
  recover(
    idFor?: (id: string) => string | null,
  ): Promise<{ readonly graphs: number; readonly unsaved: number; readonly until: number }>;
  /** Writes what is due now; whether all of it was written. */
  flush(): Promise<boolean>;
  stop(): void;
}

interface Written {
  readonly document: GraphDocument;
  readonly title: string;
  readonly path: string | null;
  readonly dirty: boolean;
}

export function createJournal(
  client: RuntimeClient,
  documents: Documents,
  onError: (error: unknown) => void,
  now: () => number = Date.now,
): Journal {
  const written = new Map<string, Written>();
  const due = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function write(entry: OpenDocument): Promise<void> {
    const { id, title, path, document } = entry;
    const state = { document, title, path, dirty: isDirty(entry) };
    written.set(id, state);
    try {
      await client.call("journal.write", { id, ...state, changed: now() });
    } catch (error) {
      if (written.get(id) === state) due.add(id);
      throw error;
    }
  }

  async function flush(): Promise<boolean> {
    clearTimeout(timer);
    timer = undefined;
    const entries = [...due].flatMap((id) => documents.get(id) ?? []);
    due.clear();
    try {
      await Promise.all(entries.map(write));
      return true;
    } catch (error) {
      onError(error);
      return false;
    }
  }

  const stop = documents.store.subscribe((state) => {
    for (const entry of Object.values(state.open)) {
      const last = written.get(entry.id);
      if (
        last?.document === entry.document &&
        last.title === entry.title &&
        last.path === entry.path &&
        last.dirty === isDirty(entry)
      )
        continue;
      due.add(entry.id);
    }
    for (const id of written.keys()) {
      if (state.open[id] !== undefined) continue;
      written.delete(id);
      client.call("journal.remove", { id }).catch(onError);
    }
    // The first change of a burst sets the time, so that steady typing is written too.
    if (due.size > 0 && timer === undefined) timer = setTimeout(() => void flush(), DELAY_MS);
  });

  /** The old entry goes when the new one is there. */
  async function adopt(from: string, entry: JournalEntry): Promise<void> {
    await client.call("journal.write", entry);
    await client.call("journal.remove", { id: from });
  }

  return {
    flush,
    stop() {
      stop();
      clearTimeout(timer);
    },
    async recover(idFor = (id) => id) {
      const entries = await client.call("journal.list", {});
      const ours = entries.flatMap((entry) => {
        const id = idFor(entry.id);
        return id === null ? [] : [{ ...entry, id, from: entry.id }];
      });
      const sorted = ours.toSorted((a, b) => a.changed - b.changed);
      for (const { id, from, title, path, dirty, changed, document } of sorted) {
        const state = { document, title, path, dirty };
        written.set(id, state);
        documents.open(document, { id, title, path, isSaved: !dirty, activate: false });
        if (id !== from) await adopt(from, { id, ...state, changed }).catch(onError);
      }
      const last = sorted.at(-1);
      if (last !== undefined) documents.activate(last.id);
      return {
        graphs: sorted.length,
        unsaved: sorted.filter(({ dirty }) => dirty).length,
        until: last?.changed ?? 0,
      };
    },
  };
}
