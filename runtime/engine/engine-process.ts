/** A process that runs runtime/worker.ts, however it was started. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { EngineSettings, FromEngine, ToEngine } from "#runtime/protocol/engine-messages";

export interface EngineProcess {
  readonly pid: number | undefined;
  post(message: ToEngine): void;
  onMessage(listener: (message: FromEngine) => void): void;
  /** Called once, also when it could not be started or cannot be reached: "it ended with SIGKILL". */
  onEnd(listener: (reason: string) => void): void;
  kill(): void;
}

/** Starts a process with `entry` as its program and the settings as JSON in its first argument. */
export type StartEngine = (entry: string, settings: EngineSettings) => EngineProcess;

/** The program of an engine process. */
export const ENGINE_ENTRY = fileURLToPath(
  new URL(`../worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

/** A child process of plain Node. */
export const forkEngine: StartEngine = (entry, settings) => {
  const child = fork(entry, [JSON.stringify(settings)], {
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let end: (reason: string) => void = () => undefined;
  let ended: string | null = null;
  const finish = (reason: string): void => {
    if (ended !== null) return;
    ended = reason;
    end(reason);
  };
  child.on("error", (error) => finish(error.message));
  child.on("exit", (code, signal) => finish(`it ended with ${signal ?? `code ${code}`}`));
  return {
    pid: child.pid,
    post: (message) => {
      child.send(message, (error) => {
        if (error !== null) finish(error.message);
      });
    },
    onMessage: (listener) => child.on("message", listener),
    onEnd: (listener) => {
      end = listener;
      if (ended !== null) listener(ended);
    },
    kill: () => child.kill("SIGKILL"),
  };
};
