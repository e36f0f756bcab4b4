/** Engine processes that the parent process starts for a service which cannot start any itself. */
import type { EngineProcess, StartEngine } from "#runtime/engine/engine-process";
import type { EngineSettings, FromEngine, ToEngine } from "#runtime/protocol/engine-messages";
import type { FromServiceProcess } from "#runtime/protocol/host-messages";
import type { ServicePort } from "./serve-port.ts";

export class EnginesOfParent {
  readonly #ask: (message: FromServiceProcess) => void;
  readonly #engines = new Map<number, AwaitedEngine>();
  #last = 0;

  constructor(ask: (message: FromServiceProcess) => void) {
    this.#ask = ask;
  }

  /** The parent knows the program: only the settings go to it. */
  readonly start: StartEngine = (_entry, settings: EngineSettings) => {
    const engine = ++this.#last;
    const started = new AwaitedEngine(() => this.#ask({ type: "stop_engine", engine }));
    this.#engines.set(engine, started);
    this.#ask({ type: "start_engine", engine, settings });
    return started;
  };

  started(engine: number, pid: number, port: ServicePort): void {
    this.#engines.get(engine)?.attach(pid, port);
  }

  ended(engine: number, reason: string): void {
    this.#engines.get(engine)?.end(reason);
    this.#engines.delete(engine);
  }
}

/** Keeps what is posted until the process is there. */
class AwaitedEngine implements EngineProcess {
  readonly kill: () => void;
  readonly #waiting: ToEngine[] = [];
  pid: number | undefined = undefined;
  #port: ServicePort | null = null;
  #listener: (message: FromEngine) => void = () => undefined;
  #end: ((reason: string) => void) | null = null;
  #ended: string | null = null;

  constructor(kill: () => void) {
    this.kill = kill;
  }

  post(message: ToEngine): void {
    if (this.#port === null) this.#waiting.push(message);
    else this.#port.postMessage(message);
  }

  onMessage(listener: (message: FromEngine) => void): void {
    this.#listener = listener;
  }

  onEnd(listener: (reason: string) => void): void {
    this.#end = listener;
    if (this.#ended !== null) listener(this.#ended);
  }

  attach(pid: number, port: ServicePort): void {
    this.pid = pid;
    this.#port = port;
    port.on("message", ({ data }) => this.#listener(data as FromEngine));
    port.start();
    for (const message of this.#waiting.splice(0)) port.postMessage(message);
  }

  end(reason: string): void {
    if (this.#ended !== null) return;
    this.#ended = reason;
    this.#end?.(reason);
  }
}
