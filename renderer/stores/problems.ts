/** Every problem of each open document: at once from what the window knows, then from the service, which knows the files. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { GraphDocument } from "#runtime/graph/document";
import { validateDocument } from "#runtime/graph/validate";
import type { Choices } from "#runtime/graph/validate-value";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { Result } from "#runtime/protocol/contract";
import type { Documents } from "./documents.ts";
import type { Nodes } from "./nodes.ts";

export type FoundProblem = Result<"graph.check">[number];

export interface ProblemsState {
  readonly byDocument: Readonly<Record<string, readonly FoundProblem[]>>;
  /** Run was tried, so that what is required and empty is marked. */
  readonly tried: Readonly<Record<string, true>>;
}

export interface Problems {
  readonly store: StoreApi<ProblemsState>;
  /** Checks a document now; its problems. */
  check(id: string): readonly FoundProblem[];
  markTried(id: string): void;
  stop(): void;
}

const DELAY_MS = 250;
const NONE: readonly FoundProblem[] = [];

const differs = (a: readonly FoundProblem[], b: readonly FoundProblem[]) =>
  a.length !== b.length ||
  a.some((one, i) => {
    const other = b[i]!;
    return one.node !== other.node || one.socket !== other.socket || one.message !== other.message;
  });

export function createProblems(
  client: RuntimeClient,
  documents: Documents,
  nodes: Nodes,
): Problems {
  const store = createStore<ProblemsState>(() => ({ byDocument: {}, tried: {} }));
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const checked = new Map<string, GraphDocument>();

  const choices: Choices = (input) =>
    input.folder === undefined ? null : (nodes.store.getState().files[input.folder] ?? null);
  const put = (id: string, problems: readonly FoundProblem[]) =>
    store.setState(({ byDocument }) =>
      differs(problems, byDocument[id] ?? NONE)
        ? { byDocument: { ...byDocument, [id]: problems } }
        : {},
    );

  function check(id: string): readonly FoundProblem[] {
    const entry = documents.get(id);
    const { descriptions, loaded } = nodes.store.getState();
    if (entry === undefined || !loaded) return NONE;
    checked.set(id, entry.document);
    const { problems } = validateDocument(entry.document, descriptions, choices);
    put(id, problems as readonly FoundProblem[]);
    return problems as readonly FoundProblem[];
  }

  async function checkAll(id: string): Promise<void> {
    check(id);
    const document = documents.get(id)?.document;
    if (document === undefined) return;
    try {
      const problems = await client.call("graph.check", { document });
      if (documents.get(id)?.document === document) put(id, problems);
    } catch {
      // Without the service, what the window found stands.
    }
  }

  const schedule = (id: string) => {
    clearTimeout(timers.get(id));
    timers.set(
      id,
      setTimeout(() => void checkAll(id), DELAY_MS),
    );
  };
  const stopDocuments = documents.store.subscribe((state) => {
    for (const [id, entry] of Object.entries(state.open))
      if (checked.get(id) !== entry.document) {
        checked.set(id, entry.document);
        schedule(id);
      }
  });
  const stopNodes = nodes.store.subscribe(() => {
    for (const id of Object.keys(documents.store.getState().open)) schedule(id);
  });

  return {
    store,
    check,
    markTried: (id) => store.setState(({ tried }) => ({ tried: { ...tried, [id]: true } })),
    stop() {
      stopDocuments();
      stopNodes();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
