/** All of the window's state, without React: made once, handed down by context. */
import type { RuntimeClient } from "#runtime/protocol/client";
import type { Shell, WindowInfo } from "../client/shell.ts";
import { createDocuments, type Documents } from "./documents.ts";
import { createFileLinks, type FileLinks } from "./file-links.ts";
import { createJournal, type Journal } from "./journal.ts";
import { createLayout, type Layout, type LayoutStorage } from "./layout.ts";
import { newId } from "./new-id.ts";
import { createNodes, type Nodes } from "./nodes.ts";
import { createProblems, type Problems } from "./problems.ts";
import { createRuns, type Runs } from "./run.ts";
import { createSelection, type Selection } from "./selection.ts";
import { createSettings, type Settings } from "./settings.ts";
import { createRecents, type Recents } from "./recents.ts";
import { createStartup, type Startup } from "./startup.ts";
import { createToasts, type Toasts } from "./toasts.ts";

export interface Editor {
  readonly client: RuntimeClient;
  readonly shell: Shell;
  readonly window: WindowInfo;
  readonly startup: Startup;
  readonly recents: Recents;
  readonly fileLinks: FileLinks;
  readonly documents: Documents;
  readonly selection: Selection;
  readonly nodes: Nodes;
  readonly runs: Runs;
  readonly problems: Problems;
  readonly settings: Settings;
  readonly layout: Layout;
  readonly toasts: Toasts;
  readonly journal: Journal;
  /** Reads what the service knows and opens what was open. */
  start(): Promise<void>;
  stop(): void;
}

export function createEditor(
  client: RuntimeClient,
  shell: Shell,
  window: WindowInfo,
  storage: LayoutStorage | null = null,
): Editor {
  const documents = createDocuments(Date.now, () => ownId(window));
  const fileLinks = createFileLinks(shell, documents);
  const startup = createStartup(shell);
  const recents = createRecents(shell, documents);
  const nodes = createNodes(client);
  const runs = createRuns(client);
  const settings = createSettings(client);
  const toasts = createToasts();
  const problems = createProblems(client, documents, nodes);
  const journal = createJournal(client, documents, (error) =>
    toasts.fail("This graph could not be kept in the journal", error),
  );
  const load = () => Promise.all([nodes.load(), settings.load(), runs.load()]);
  const unsubscribe = client.subscribe((event) => {
    runs.receive(event);
    startup.receive(event);
    if (event.type === "settings") settings.receive(event.settings);
    if (event.type === "nodes" || event.type === "models") void nodes.load();
    if (event.type === "reconnected") {
      load().catch((error: unknown) => toasts.fail("The runtime did not answer", error));
      void journal.flush();
      toasts.show({
        kind: "warning",
        title: "The runtime stopped and was started again",
        detail: "Graphs and queue are as they were.",
      });
    }
    if (event.type === "engine_restarted") {
      toasts.show({
        kind: "warning",
        title: "The engine stopped and was started again",
        detail: "The queue goes on. A job that ran is tried once more.",
      });
    }
    if (event.type === "history" && event.entry.state === "failed") {
      const { title, error } = event.entry;
      toasts.show({ kind: "error", title: `${title} failed`, detail: error?.message });
    }
  });
  return {
    client,
    shell,
    window,
    startup,
    recents,
    fileLinks,
    documents,
    selection: createSelection(),
    nodes,
    runs,
    problems,
    settings,
    layout: createLayout(storage),
    toasts,
    journal,
    async start() {
      await load();
      const { graphs, unsaved, until } = await journal.recover((id) => recoveredId(id, window));
      if (unsaved > 0) {
        const time = new Date(until).toTimeString().slice(0, 8);
        toasts.show({
          kind: "info",
          title: graphs === 1 ? "Restored 1 graph" : `Restored ${graphs} graphs`,
          detail: `Up to ${time}.`,
        });
      }
    },
    stop() {
      unsubscribe();
      problems.stop();
      recents.stop();
      journal.stop();
      fileLinks.stop();
    },
  };
}

function ownId({ session }: WindowInfo): string {
  return `${session}/${newId()}`;
}

/**
 * The id under which a journal entry is opened here, null for one of others: this window has its own, and where it
 * restores also those that no open window has, which become its own.
 */
function recoveredId(id: string, window: WindowInfo): string | null {
  const owner = id.split("/")[0]!;
  if (owner === window.session) return id;
  return window.restore && !window.sessions.includes(owner) ? ownId(window) : null;
}
