/** WebSockets of ComfyUI's protocol: who is told what, in order. */
import { randomUUID } from "node:crypto";
import type { WebSocket } from "@fastify/websocket";
import { compactComfyJson, objectOf, parseComfyJson } from "#runtime/graph/comfy/comfy-json";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { Message } from "./comfy/messages.ts";
import { previewFrame, previewFrameWithMetadata, previewJpeg } from "./comfy/preview.ts";
import type { ServerContext } from "./context.ts";
import { featureFlags } from "./routes/system.ts";
import { runningJob, type RunningJob } from "./running-job.ts";
import { send } from "./send.ts";
import type { SocketCount } from "./socket-count.ts";

interface Client {
  readonly id: string;
  readonly socket: WebSocket;
  wantsMetadata: boolean;
}

const ENDS = new Set(["job_finished", "job_failed", "job_cancelled"]);

export class SocketHub {
  readonly #context: ServerContext;
  readonly #sockets: SocketCount;
  readonly #clients = new Map<string, Client>();
  readonly #running = new Map<string, RunningJob>();
  #remaining = 0;
  /** Pictures take a while to make; what comes after them waits, so that the order stays. */
  #line: Promise<void> = Promise.resolve();

  constructor(context: ServerContext, sockets: SocketCount) {
    this.#context = context;
    this.#sockets = sockets;
  }

  /** A client that comes back under its id takes the place of its earlier socket. */
  connect(socket: WebSocket, wanted: string | undefined): void {
    const id = wanted !== undefined && /^[\w.:-]{1,200}$/.test(wanted) ? wanted : randomUUID();
    if (!this.#sockets.admit(socket, this.#clients.has(id))) return;
    const client: Client = { id, socket, wantsMetadata: false };
    this.#clients.get(id)?.socket.close(1000, "The client connected again.");
    this.#clients.set(id, client);
    socket.on("message", (data, isBinary) => {
      if (!isBinary && Buffer.isBuffer(data)) this.#received(client, data.toString("utf8"));
    });
    socket.on("close", () => {
      if (this.#clients.get(id) === client) this.#clients.delete(id);
    });
    socket.on("error", () => socket.terminate());
    this.#post(client, { ...this.#status(), data: { ...this.#status().data, sid: id } });
    for (const [job, { client: owner, translator }] of this.#running)
      if (owner === id)
        this.#post(client, {
          type: "executing",
          data: { node: translator.current, prompt_id: job },
        });
  }

  /** For subscribe() of the service. */
  readonly receive = (event: ServiceEvent): void => {
    if (event.type === "preview") {
      this.#enqueue(() => this.#preview(event));
      return;
    }
    if (event.type === "queue") {
      const remaining = event.state.running.length + event.state.waitingCount;
      this.#enqueue(() => {
        if (remaining === this.#remaining) return;
        this.#remaining = remaining;
        this.#broadcast(this.#status());
      });
      return;
    }
    if (event.type === "job") {
      const { event: inner } = event;
      this.#enqueue(async () => {
        // A job whose engine died is started again, from its beginning.
        if (inner.type === "job_started") this.#running.delete(inner.job);
        const { client, translator } = await this.#runningJob(inner.job);
        for (const message of translator.translate(inner)) this.#tell(client, message);
        if (ENDS.has(inner.type)) this.#running.delete(inner.job);
      });
    }
  };

  close(): void {
    for (const { socket } of this.#clients.values()) socket.close(1001, "The server stops.");
  }

  #enqueue(work: () => void | Promise<void>): void {
    this.#line = this.#line.then(work).catch(() => undefined);
  }

  async #runningJob(job: string): Promise<RunningJob> {
    const known = this.#running.get(job);
    if (known !== undefined) return known;
    const made = await runningJob(this.#context.handlers, job);
    this.#running.set(job, made);
    return made;
  }

  #received(client: Client, text: string): void {
    if (text.length > this.#context.limits.messageBytes) return;
    let message;
    try {
      message = objectOf(parseComfyJson(text, "a message"));
    } catch {
      return;
    }
    if (message["type"] !== "feature_flags") return;
    client.wantsMetadata = objectOf(message["data"])["supports_preview_metadata"] === true;
    this.#post(client, { type: "feature_flags", data: featureFlags(this.#context) });
  }

  #status(): Message {
    return {
      type: "status",
      data: { status: { exec_info: { queue_remaining: this.#remaining } } },
    };
  }

  async #preview(event: ServiceEvent & { type: "preview" }): Promise<void> {
    const running = this.#running.get(event.job);
    if (running === undefined) return;
    const { client: owner } = running;
    const clients = [...this.#clients.values()].filter(({ id }) => owner === null || id === owner);
    if (clients.length === 0) return;
    const image = await previewJpeg(event.preview);
    for (const client of clients)
      this.#send(
        client,
        client.wantsMetadata
          ? previewFrameWithMetadata(image, event.job, event.node)
          : previewFrame(image),
      );
  }

  #tell(client: string | null, message: Message): void {
    if (client === null) this.#broadcast(message);
    else {
      const found = this.#clients.get(client);
      if (found !== undefined) this.#post(found, message);
    }
  }

  #broadcast(message: Message): void {
    const text = compactComfyJson({ ...message });
    for (const client of this.#clients.values()) this.#send(client, text);
  }

  #post(client: Client, message: Message): void {
    this.#send(client, compactComfyJson({ ...message }));
  }

  #send({ socket }: Client, data: string | Buffer): void {
    send(socket, data, this.#context.limits.backlogBytes);
  }
}
