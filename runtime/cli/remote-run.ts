/** `umbel run --server URL`: the graph runs on a server, its events and results come here. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import WebSocket from "ws";
import { saveOutput, prepareFolder } from "#runtime/engine/output-files";
import { isUmbelError, UmbelError, type ErrorRecord } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { Method, Params, Result } from "#runtime/protocol/contract";
import type { JobEvent, JobEventSink } from "#runtime/protocol/events";
import type { ServiceEvent, ServiceJobEvent } from "#runtime/protocol/service-events";
import type { ResultFile } from "#runtime/protocol/service-values";
import { decodeWire, encodeWire } from "#runtime/protocol/wire";

export interface RemoteRun {
  /** http://host:port, with ?token= where the server asks for one. */
  readonly server: string;
  readonly document: GraphDocument;
  readonly targets?: readonly string[];
  /** Input files here, by the name under which the document has them. */
  readonly inputFiles: Readonly<Record<string, string>>;
  readonly outputFolder: string;
  readonly signal: AbortSignal;
  readonly emit: JobEventSink;
}

type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: ErrorRecord };

/** Ends as a run here does: throws the error of the job, ERR_INTERRUPTED when it was cancelled. */
export async function runRemotely(run: RemoteRun): Promise<void> {
  const server = new Server(run.server);
  await prepareFolder(run.outputFolder);
  const job = randomUUID();
  const socket = await server.events();
  try {
    const ended = follow(socket, job, run, server);
    const document = await withUploads(run.document, run.inputFiles, server);
    const cancel = (): void => {
      server.call("queue.cancel", { job }).catch(() => socket.terminate());
    };
    run.signal.addEventListener("abort", cancel, { once: true });
    await server.call("queue.add", {
      document,
      job,
      ...(run.targets === undefined ? {} : { targets: [...run.targets] }),
    });
    if (run.signal.aborted) cancel();
    await ended;
    run.signal.removeEventListener("abort", cancel);
  } finally {
    socket.terminate();
  }
}

/** Passes events on, with results fetched first, until the job ends. */
async function follow(
  socket: WebSocket,
  job: string,
  run: RemoteRun,
  server: Server,
): Promise<void> {
  let line: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(
        isUmbelError(error)
          ? error
          : new UmbelError("ERR_ENGINE_GONE", `Expected the server to stay, got ${String(error)}.`),
      );
    };
    socket.on("message", (data: Buffer) => {
      const event = decodeWire(data) as ServiceEvent;
      if (event.type === "preview" && event.job === job) {
        const { node, preview } = event;
        line = line.then(() => run.emit({ type: "node_preview", job, node, ...preview }));
      }
      if (event.type !== "job" || event.event.job !== job) return;
      const { event: inner } = event;
      line = line.then(async () => {
        const last = await pass(inner, run, server);
        if (last) resolve();
      });
      line.catch(fail);
    });
    socket.on("close", () => fail("an end of the connection"));
    socket.on("error", fail);
  });
}

/** Whether that was the end. Throws the job's error. */
async function pass(event: ServiceJobEvent, run: RemoteRun, server: Server): Promise<boolean> {
  if (event.type === "node_result" && "place" in event.result) {
    const { place, ...facts } = event.result;
    const path = await server.fetchResult(event.result, run.outputFolder);
    const result = { ...facts, path, temporary: place === "temporary" };
    const { fps, ...still } = result;
    run.emit({ ...event, result: fps === undefined ? still : { ...still, fps } });
    return false;
  }
  run.emit(event as JobEvent);
  if (event.type === "job_failed") {
    const { code, message, nodeId } = event.error;
    throw new UmbelError(code, message, nodeId === undefined ? {} : { nodeId });
  }
  if (event.type === "job_cancelled")
    throw new UmbelError("ERR_INTERRUPTED", "The job was cancelled.");
  return event.type === "job_finished";
}

/** Puts the files into the server's input folder and names them in the document as they are called there. */
async function withUploads(
  document: GraphDocument,
  files: Readonly<Record<string, string>>,
  server: Server,
): Promise<GraphDocument> {
  const names = new Map<string, string>();
  for (const [name, path] of Object.entries(files)) {
    const data = new Uint8Array(await readFile(path));
    const stored = await server.call("files.add", { name: basename(path), data });
    names.set(name, stored.name);
  }
  if (names.size === 0) return document;
  const nodes = Object.entries(document.nodes).map(([id, node]) => {
    const values = Object.entries(node.values).map(([key, value]) => [
      key,
      typeof value === "string" ? (names.get(value) ?? value) : value,
    ]);
    return [id, { ...node, values: Object.fromEntries(values) as typeof node.values }];
  });
  return { ...document, nodes: Object.fromEntries(nodes) as typeof document.nodes };
}

/** The server's own interface: runtime/server/routes/umbel.ts. */
class Server {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(address: string) {
    const url = parseUrl(address);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new UmbelError("ERR_USAGE", `Expected --server http://host:port, got "${address}".`);
    }
    const token = url.searchParams.get("token");
    this.#base = url.origin;
    this.#headers = token === null ? {} : { authorization: `Bearer ${token}` };
  }

  async events(): Promise<WebSocket> {
    const socket = new WebSocket(`${this.#base.replace(/^http/, "ws")}/umbel/events`, {
      headers: this.#headers,
    });
    try {
      await once(socket, "open");
    } catch (cause) {
      throw this.#unreachable(cause);
    }
    return socket;
  }

  async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const response = await this.#fetch(`/umbel/call/${method}`, {
      method: "POST",
      headers: { ...this.#headers, "content-type": "application/octet-stream" },
      body: encodeWire(params),
    });
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.headers.get("content-type") !== "application/octet-stream") {
      const text = new TextDecoder().decode(body).slice(0, 300);
      throw new UmbelError("ERR_FILE", `Expected an answer of Umbel's server, got ${text}`);
    }
    const answer = decodeWire(body) as Answer;
    if (answer.ok) return answer.result as Result<M>;
    const { code, message, nodeId } = answer.error;
    throw new UmbelError(code, message, nodeId === undefined ? {} : { nodeId });
  }

  /** Saves a result under the next free name here and returns its path. */
  async fetchResult(file: ResultFile, folder: string): Promise<string> {
    const cut = file.path.lastIndexOf("/");
    const name = file.path.slice(cut + 1);
    const query = new URLSearchParams({
      filename: name,
      subfolder: cut < 0 ? "" : file.path.slice(0, cut),
      type: file.place === "temporary" ? "temp" : file.place,
    });
    const response = await this.#fetch(`/view?${query.toString()}`, { headers: this.#headers });
    const { body } = response;
    if (!response.ok || body === null)
      throw new UmbelError(
        "ERR_FILE",
        `Expected the result ${file.path}, got status ${response.status}.`,
      );
    const dot = name.lastIndexOf(".");
    const stem = name.slice(0, dot).replace(/_\d+_?$/, "");
    const prefix = cut < 0 ? stem : `${file.path.slice(0, cut)}/${stem}`;
    return saveOutput(folder, prefix, name.slice(dot + 1), {}, (temporary) =>
      pipeline(body, createWriteStream(temporary)),
    );
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(this.#base + path, init);
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  #unreachable(cause: unknown): UmbelError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new UmbelError(
      "ERR_FILE",
      `Expected a server at ${this.#base}, got ${why}. Start one with umbel serve, and give its token as ?token= when it asks for one.`,
      { cause },
    );
  }
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
