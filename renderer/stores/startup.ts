/** Whether the window has read what the runtime knows, and why not. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { toUmbelError } from "#runtime/errors";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { Shell } from "../client/shell.ts";

export interface StartFailure {
  readonly message: string;
  /** Code of the error, for whoever is asked for help. */
  readonly code: string;
  /** What the process printed last. */
  readonly printed: string;
}

export interface StartupState {
  readonly phase: "starting" | "ready" | "failed";
  /** Why the window could not start, or after its start why the runtime is gone; null while all is well. */
  readonly failure: StartFailure | null;
}

export interface Startup {
  readonly store: StoreApi<StartupState>;
  /** Starts the window; when that fails, `retry` does it again. */
  begin(start: () => Promise<void>): Promise<void>;
  /** Starts the runtime anew, and the window when it has not started yet. */
  retry(): Promise<void>;
  receive(event: ServiceEvent): void;
}

export function createStartup(shell: Shell): Startup {
  const store = createStore<StartupState>(() => ({ phase: "starting", failure: null }));
  let startWindow: () => Promise<void> = async () => undefined;
  /** One at a time: an attempt that waits for a runtime goes on when there is one. */
  let attempt: Promise<void> | null = null;

  const fail = (failure: StartFailure) =>
    store.setState(({ phase }) => ({ phase: phase === "ready" ? phase : "failed", failure }));

  // A process that ends before it answers leaves the window's calls waiting: the shell tells of it.
  shell.on("runtimeDown", (message, printed) =>
    fail({ message, code: "ERR_ENGINE_GONE", printed }),
  );

  function begin(): Promise<void> {
    attempt ??= startWindow()
      .then(
        () => store.setState({ phase: "ready", failure: null }),
        (error: unknown) => fail(failureOf(error)),
      )
      .finally(() => (attempt = null));
    return attempt;
  }

  return {
    store,
    begin(start) {
      startWindow = start;
      return begin();
    },
    async retry() {
      const { phase } = store.getState();
      if (phase === "failed") store.setState({ phase: "starting" });
      try {
        await shell.restartRuntime();
      } catch (error) {
        return fail(failureOf(error));
      }
      if (phase !== "ready") await begin();
    },
    receive({ type }) {
      if (type === "reconnected" && store.getState().phase === "ready")
        store.setState({ failure: null });
    },
  };
}

function failureOf(error: unknown): StartFailure {
  const { code, message } = toUmbelError(error);
  return { message, code, printed: "" };
}

export function failureDetails({ message, code, printed }: StartFailure): string {
  return `${message} [${code}]\n${printed}`;
}
