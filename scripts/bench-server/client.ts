/** A client that queues prompts and checks that every event of theirs comes, once and in order. */
import { once } from "node:events";
import WebSocket from "ws";

interface Message {
  readonly type: string;
  readonly data: { readonly prompt_id?: string; readonly node?: string | null };
}

/** What a job of one node that shows text tells, in this order; "progress_state" may come between. */
const EXPECTED = [
  "execution_start",
  "execution_cached",
  "executing",
  "executed",
  "execution_success",
  "executing",
];

export class BenchClient {
  readonly id: string;
  readonly #host: string;
  readonly #socket: WebSocket;
  readonly #events = new Map<string, string[]>();
  readonly #waiting = new Map<string, () => void>();
  /** What did not come as it should. */
  readonly faults: string[] = [];

  private constructor(id: string, host: string, socket: WebSocket) {
    this.id = id;
    this.#host = host;
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (!isBinary) this.#received(JSON.parse(data.toString()) as Message);
    });
  }

  static async connect(id: string, host: string): Promise<BenchClient> {
    const socket = new WebSocket(`ws://${host}/ws?clientId=${id}`);
    const client = new BenchClient(id, host, socket);
    await once(socket, "open");
    return client;
  }

  /** Resolves when the job has told its end. */
  async run(prompt_id: string, prompt: unknown): Promise<void> {
    const done = new Promise<void>((resolve) => this.#waiting.set(prompt_id, resolve));
    this.#events.set(prompt_id, []);
    const response = await fetch(`http://${this.#host}/prompt`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt, prompt_id, client_id: this.id }),
    });
    if (!response.ok) throw new Error(`Expected a queued prompt, got ${await response.text()}`);
    await done;
  }

  close(): void {
    this.#socket.terminate();
  }

  #received({ type, data }: Message): void {
    const job = data.prompt_id;
    if (job === undefined) return;
    const events = this.#events.get(job);
    if (events === undefined) {
      this.faults.push(`${type} of a job of another client`);
      return;
    }
    if (type !== "progress_state" && type !== "progress") events.push(type);
    if (type !== "executing" || data.node !== null) return;
    if (events.join() !== EXPECTED.join()) this.faults.push(`${job}: ${events.join()}`);
    this.#waiting.get(job)?.();
  }
}
