/** The runtime service behind `umbel serve`: calls over HTTP, events over a WebSocket that is opened again when it is lost. */
import { z } from "zod";
import { UmbelError, type ErrorRecord } from "#runtime/errors";
import type { RuntimeClient } from "#runtime/protocol/client";
import { contract, type Method, type Params, type Result } from "#runtime/protocol/contract";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import { decodeWire, encodeWire } from "#runtime/protocol/wire";

// The page's policy forbids code from strings, which zod would otherwise try.
z.config({ jitless: true });

const BINARY = "application/octet-stream";
/** Milliseconds until a lost connection is tried again, at first and at most. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 8000;

export interface SocketClient extends RuntimeClient {
  close(): void;
}

/** @param base the server's address, such as location.origin @param session of this tab, so that others know of it */
export function connectOverHttp(base: string, session: string): SocketClient {
  const listeners = new Set<(event: ServiceEvent) => void>();
  const tell = (event: ServiceEvent): void => {
    for (const listener of listeners) listener(event);
  };
  let socket: WebSocket | null = null;
  let wait = FIRST_WAIT;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let connected = 0;
  let closed = false;

  function open(): void {
    const next = new WebSocket(`${base.replace(/^http/, "ws")}/umbel/events?session=${session}`);
    next.binaryType = "arraybuffer";
    next.addEventListener("open", () => {
      wait = FIRST_WAIT;
      if (connected++ > 0) tell({ type: "reconnected" });
    });
    next.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) =>
      tell(decodeWire(new Uint8Array(data)) as ServiceEvent),
    );
    next.addEventListener("close", () => {
      if (closed || socket !== next) return;
      timer = setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT);
    });
    socket = next;
  }
  open();

  return {
    async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
      const { params: expected, result: promised } = contract[method];
      const given = expected.safeParse(params);
      if (!given.success) throw misfit(`parameters of ${method}`, given.error);
      const answer = await post(`${base}/umbel/call/${method}`, given.data, method);
      if (!answer.ok) throw fromRecord(answer.error);
      const result = (promised as z.ZodType).safeParse(answer.result);
      if (!result.success) throw misfit(`a result of ${method}`, result.error);
      return result.data as Result<M>;
    },

    subscribe(listener) {
      const entry = (event: ServiceEvent): void => listener(event);
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },

    mediaUrl({ place, path }) {
      const cut = path.lastIndexOf("/");
      const query = new URLSearchParams({
        filename: path.slice(cut + 1),
        subfolder: cut < 0 ? "" : path.slice(0, cut),
        type: place === "temporary" ? "temp" : place,
      });
      return `${base}/view?${query.toString()}`;
    },

    close() {
      closed = true;
      clearTimeout(timer);
      socket?.close();
    },
  };
}

type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: ErrorRecord };

async function post(url: string, params: unknown, method: Method): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": BINARY },
      body: encodeWire(params),
    });
  } catch (cause) {
    const message = `Expected the server to answer ${method}, got no connection. Try again when it runs.`;
    throw new UmbelError("ERR_ENGINE_GONE", message, { cause });
  }
  const body = new Uint8Array(await response.arrayBuffer());
  if (response.headers.get("content-type") === BINARY) return decodeWire(body) as Answer;
  const text = new TextDecoder().decode(body).slice(0, 400);
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected an answer to ${method}, got status ${response.status}: ${text}`,
  );
}

function misfit(what: string, { issues: [issue] }: z.ZodError): UmbelError {
  const where = issue === undefined ? "" : ` ${issue.path.map(String).join(".")}: ${issue.message}`;
  return new UmbelError("ERR_INVALID_ARGUMENT", `Expected ${what}, got something else.${where}`);
}

function fromRecord({ code, message, nodeId }: ErrorRecord): UmbelError {
  return new UmbelError(code, message, nodeId === undefined ? {} : { nodeId });
}
