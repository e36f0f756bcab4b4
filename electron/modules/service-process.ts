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
import { sendPort } from "../ipc/main.ts";
import { EngineProcesses } from "./engine-processes.ts";
import { SERVICE_ENTRY } from "./locations.ts";
import { RestartDelay } from "./restart-delay.ts";

export interface ServiceStart {
  readonly version: string;
  /** Of the app's own records. */
  readonly dataFolder: string;
  /** Of what people see: models, inputs, results. */
  readonly workFolder: string;
}

export class ServiceProcess {
  readonly #options: ServiceStart;
  /** Windows that asked for a port; they get another one when the service is started again. */
  readonly #clients = new Set<WebContents>();
  readonly #delay = new RestartDelay();
  #process: UtilityProcess | null = null;
  #folders: MediaFolders | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: ServiceStart) {
    this.#options = options;
  }

  /** Null until the service has said them for the first time. */
  get folders(): MediaFolders | null {
    return this.#folders;
  }

  start(): void {
    const child = utilityProcess.fork(SERVICE_ENTRY, [JSON.stringify(this.#options)], {
      serviceName: "Umbel service",
      stdio: "inherit",
    });
    const engines = new EngineProcesses((message, ports) => child.postMessage(message, ports));
    this.#process = child;
    this.#delay.started();
    child.on("message", (message: unknown) => {
      const checked = fromServiceProcess.safeParse(message);
      if (checked.success) this.#receive(checked.data, engines);
    });
    child.once("exit", (code) => {
      engines.killAll();
      if (this.#process === child) this.#lost(code);
    });
    for (const client of this.#clients) this.#givePort(client);
  }

  connect(client: WebContents): void {
    if (!this.#clients.has(client)) {
      this.#clients.add(client);
      client.once("destroyed", () => this.#clients.delete(client));
    }
    this.#givePort(client);
  }

  /** Resolves when the service has ended: by itself within two seconds, or killed. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    this.#post(child, { type: "stop" });
    const timer = setTimeout(() => child.kill(), 2000);
    await ended;
    clearTimeout(timer);
  }

  #receive(message: FromServiceProcess, engines: EngineProcesses): void {
    switch (message.type) {
      case "ready":
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

  #lost(code: number): void {
    this.#process = null;
    if (this.#stopped !== null) return;
    console.error(`umbel: the service ended with code ${code} and is started again`);
    setTimeout(() => {
      if (this.#stopped === null) this.start();
    }, this.#delay.next());
  }

  #givePort(client: WebContents): void {
    // Between an end and the next start there is nobody to give it to: the start does.
    if (this.#process === null || client.isDestroyed()) return;
    const { port1, port2 } = new MessageChannelMain();
    this.#post(this.#process, { type: "client" }, [port1]);
    sendPort(client, port2);
  }

  #post(
    child: UtilityProcess,
    message: ToServiceProcess,
    ports?: Electron.MessagePortMain[],
  ): void {
    child.postMessage(message, ports);
  }
}
