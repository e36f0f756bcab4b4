/** Ctrl-C: the first one cancels the job inside its step, the second one ends the process at once. */

/** Milliseconds that the job has to end by itself: what an encoder has begun cannot be called back. */
const PATIENCE = 700;

export interface Cancellation extends Disposable {
  readonly signal: AbortSignal;
}

/** @param cleanUp removes what must not stay behind; synchronous, since the process ends right after it */
export function cancelOnSignal(cleanUp: () => void = () => undefined): Cancellation {
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const stop = (): void => {
    for (const name of signals) process.off(name, onSignal);
  };
  const end = (name: NodeJS.Signals): void => {
    stop();
    cleanUp();
    // Not process.exit(), which waits for threads that are still busy.
    process.kill(process.pid, name);
  };
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) return end("SIGKILL");
    // Stays after dispose: the job may have ended while threads still hold the process.
    setTimeout(() => end(name), PATIENCE).unref();
    controller.abort();
  };
  for (const name of signals) process.on(name, onSignal);
  return { signal: controller.signal, [Symbol.dispose]: stop };
}
