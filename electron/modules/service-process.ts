/** Keeps one runtime service running and gives windows their ports to it. */
import {
  MessageChannelMain,
  utilityProcess,
  type UtilityProcess,
  type WebContents,
} from "electron";
import {
  fromServiceProcess,
  type FromServiceProcess,
  type MediaFolders,
  type ToServiceProcess,
} from "#runtime/protocol/host-messages";
import type { DesktopEventData } from "#runtime/protocol/desktop-contract";
import { sendPort } from "../ipc/main.ts";
import { LastWords } from "./last-words.ts";
import { EngineProcesses } from "./engine-processes.ts";
import { SERVICE_ENTRY } from "./locations.ts";
import { RestartDelay } from "./restart-delay.ts";

/** Ends at once this often before people are told. */
const TOLD_AFTER = 3;

export type ServiceDown = DesktopEventData<"service.down">;

export interface ServiceStart {
  readonly version: string;
  /** Of the app's own records. */
  readonly dataFolder: string;
  /** Of what people see: models, inputs, results. */
  readonly workFolder: string;
  readonly tellDown: (client: WebContents, down: ServiceDown) => void;
}

export class ServiceProcess {
  readonly #options: ServiceStart;
  /** Windows that asked for a port; they get another one when the service is started again. */
  readonly #clients = new Set<WebContents>();
  readonly #delay = new RestartDelay();
  readonly #tellDown: (client: WebContents, down: ServiceDown) => void;
  /** Ends before it was ready, in a row. */
  #failures = 0;
  #down: ServiceDown | null = null;
  #waiting: NodeJS.Timeout | undefined;
  #process: UtilityProcess | null = null;
  #folders: MediaFolders | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: ServiceStart) {
    this.#options = options;
    this.#tellDown = options.tellDown;
  }

  /** Null until the service has said them for the first time. */
  get folders(): MediaFolders | null {
    return this.#folders;
  }

  start(): void {
    const { version, dataFolder, workFolder } = this.#options;
    const settings = JSON.stringify({ version, dataFolder, workFolder });
    const child = utilityProcess.fork(SERVICE_ENTRY, [settings], {
      serviceName: "Umbel service",
      stdio: ["ignore", "inherit", "pipe"],
    });
    const printed = new LastWords(child.stderr, process.stderr);
    const engines = new EngineProcesses((message, ports) => child.postMessage(message, ports));
    this.#process = child;
    this.#delay.started();
    child.on("message", (message: unknown) => {
      const checked = fromServiceProcess.safeParse(message);
      if (checked.success) this.#receive(checked.data, engines);
    });
    child.once("exit", (code) => {
      engines.killAll();
      if (this.#process === child) this.#lost(code, printed.text);
    });
    for (const client of this.#clients) this.#givePort(client);
  }

  connect(client: WebContents): void {
    if (!this.#clients.has(client)) {
      this.#clients.add(client);
      client.once("destroyed", () => this.#clients.delete(client));
    }
    this.#givePort(client);
    if (this.#down !== null) this.#tellDown(client, this.#down);
  }

  /** Ends the service, should it run, and starts it without waiting. */
  async restart(): Promise<void> {
    if (this.#stopped !== null) return;
    clearTimeout(this.#waiting);
    const child = this.#process;
    this.#process = null;
    if (child !== null) await endProcess(child);
    this.#failures = 0;
    if (this.#stopped === null && this.#process === null) this.start();
  }

  /** Resolves when the service has ended: by itself within two seconds, or killed. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#waiting);
    if (this.#process !== null) await endProcess(this.#process);
  }

  #receive(message: FromServiceProcess, engines: EngineProcesses): void {
    switch (message.type) {
      case "ready":
        this.#failures = 0;
        this.#down = null;
        return;
      case "folders":
        this.#folders = message.folders;
        return;
      case "start_engine":
        return engines.start(message.engine, message.settings);
      case "stop_engine":
        return engines.kill(message.engine);
    }
  }

  #lost(code: number, printed: string): void {
    this.#process = null;
    if (this.#stopped !== null) return;
    console.error(`umbel: the service ended with code ${code} and is started again`);
    this.#failures++;
    if (this.#failures >= TOLD_AFTER) {
      const message =
        `Expected the runtime to start, but its process ended with code ${code}, ` +
        `${this.#failures} times in a row.`;
      this.#down = { message, details: printed };
      for (const client of this.#clients) this.#tellDown(client, this.#down);
    }
    this.#waiting = setTimeout(() => {
      if (this.#stopped === null && this.#process === null) this.start();
    }, this.#delay.next());
  }

  #givePort(client: WebContents): void {
    // Between an end and the next start there is nobody to give it to: the start does.
    if (this.#process === null || client.isDestroyed()) return;
    const { port1, port2 } = new MessageChannelMain();
    this.#post(this.#process, { type: "client" }, [port1]);
    sendPort(client, port2);
  }

  #post(child: UtilityProcess, message: ToServiceProcess, ports?: Electron.MessagePortMain[]) {
    child.postMessage(message, ports);
  }
}

/** Resolves when a process has ended: by itself within two seconds, or killed. */
async function endProcess(child: UtilityProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop: ToServiceProcess = { type: "stop" };
  child.postMessage(stop);
  const timer = setTimeout(() => child.kill(), 2000);
  await ended;
  clearTimeout(timer);
}
