/** Short messages over the window, and the log of all of them. */
import { createStore, type StoreApi } from "zustand/vanilla";

export interface ToastAction {
  readonly label: string;
  readonly run: () => void;
}

export interface Toast {
  readonly id: number;
  readonly kind: "done" | "info" | "warning" | "error";
  readonly title: string;
  readonly detail?: string | undefined;
  readonly action?: ToastAction | undefined;
  /** Of several with one key only the last is on screen. */
  readonly key?: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface ToastsState {
  /** On screen, oldest first. */
  readonly shown: readonly Toast[];
  /** All of them, newest last. */
  readonly log: readonly Toast[];
}

export interface Toasts {
  readonly store: StoreApi<ToastsState>;
  show(toast: Omit<Toast, "id" | "time">): number;
  /** Says an error in words. */
  fail(title: string, error: unknown): number;
  dismiss(id: number): void;
}

const MOST_SHOWN = 3;
const MOST_LOGGED = 1000;

export function createToasts(now: () => number = Date.now): Toasts {
  const store = createStore<ToastsState>(() => ({ shown: [], log: [] }));
  let last = 0;
  const show: Toasts["show"] = (toast) => {
    const entry = { ...toast, id: ++last, time: now() };
    store.setState(({ shown, log }) => ({
      shown: [...shown.filter(({ key }) => key === undefined || key !== entry.key), entry].slice(
        -MOST_SHOWN,
      ),
      log: [...log, entry].slice(-MOST_LOGGED),
    }));
    return entry.id;
  };
  return {
    store,
    show,
    fail: (title, error) =>
      show({
        kind: "error",
        title,
        detail: error instanceof Error ? error.message : String(error),
      }),
    dismiss: (id) =>
      store.setState(({ shown }) => ({ shown: shown.filter((toast) => toast.id !== id) })),
  };
}
