/** Writes every open graph to the service's journal soon after each change, and reads it back after a crash. */
import type { GraphDocument } from "#runtime/graph/document";
import type { RuntimeClient } from "#runtime/protocol/client";
import { isDirty, type Documents, type OpenDocument } from "./documents.ts";

const DELAY_MS = 300;

export interface Journal {
  /** Opens what the journal holds of ours; how many graphs and the time of the last change. */
  recover(
    isOurs?: (id: string) => boolean,
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

  return {
    flush,
    stop() {
      stop();
      clearTimeout(timer);
    },
    async recover(isOurs = () => true) {
      const entries = await client.call("journal.list", {});
      const ours = entries.filter(({ id }) => isOurs(id));
      const sorted = ours.toSorted((a, b) => a.changed - b.changed);
      for (const { id, title, path, dirty, document } of sorted) {
        written.set(id, { document, title, path, dirty });
        documents.open(document, { id, title, path, isSaved: !dirty, activate: false });
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
