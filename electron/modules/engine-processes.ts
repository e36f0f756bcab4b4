/** Engine processes of one service process: it asks for them by number and talks to each over a port of its own. */
import {
  MessageChannelMain,
  utilityProcess,
  type MessagePortMain,
  type UtilityProcess,
} from "electron";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { ToServiceProcess } from "#runtime/protocol/host-messages";
import { ENGINE_ENTRY } from "./locations.ts";

type Post = (message: ToServiceProcess, ports?: MessagePortMain[]) => void;

export class EngineProcesses {
  readonly #post: Post;
  readonly #running = new Map<number, UtilityProcess>();

  constructor(post: Post) {
    this.#post = post;
  }

  start(engine: number, settings: EngineSettings): void {
    if (this.#running.has(engine)) return;
    const child = utilityProcess.fork(ENGINE_ENTRY, [JSON.stringify(settings)], {
      serviceName: "Umbel engine",
      stdio: "inherit",
      allowLoadingUnsignedLibraries: true,
    });
    this.#running.set(engine, child);
    child.once("spawn", () => {
      const { port1, port2 } = new MessageChannelMain();
      child.postMessage(null, [port1]);
      this.#post({ type: "engine_started", engine, pid: child.pid ?? 0 }, [port2]);
    });
    child.once("exit", (code) => {
      this.#running.delete(engine);
      this.#post({ type: "engine_ended", engine, reason: `it ended with code ${code}` });
    });
  }

  kill(engine: number): void {
    this.#running.get(engine)?.kill();
  }

  killAll(): void {
    for (const child of this.#running.values()) child.kill();
  }
}
