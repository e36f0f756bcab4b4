/** The runtime service over a MessagePort; when the service is started again, a new port takes the place of the old. */
import type { z } from "zod";
import { toUmbelError, UmbelError } from "#runtime/errors";
import type { RuntimeClient } from "#runtime/protocol/client";
import { contract, type Method, type Params, type Result } from "#runtime/protocol/contract";
import { portReply } from "#runtime/protocol/port-messages";
import type { ServiceEvent } from "#runtime/protocol/service-events";

/** What is needed of a MessagePort. */
export interface ClientPort {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
  addEventListener(type: "close", listener: () => void): void;
  start(): void;
  close(): void;
}

export interface PortClient extends RuntimeClient {
  /** A port to a service that has just started, or the first one. */
  attach(port: ClientPort): void;
}

interface Pending {
  readonly method: Method;
  readonly params: unknown;
  readonly settle: (reply: { result: unknown } | { error: UmbelError }) => void;
}

/** Calls that would be done twice if the service had carried them out before it ended. */
const DONE_ONCE: ReadonlySet<Method> = new Set(["queue.add", "files.add", "models.download"]);

export function createPortClient(mediaUrl: RuntimeClient["mediaUrl"]): PortClient {
  const pending = new Map<number, Pending>();
  const listeners = new Set<(event: ServiceEvent) => void>();
  let port: ClientPort | null = null;
  let attached = 0;
  let lastId = 0;

  function send(id: number, { method, params }: Pending): void {
    port?.postMessage({ id, method, params });
  }

  function receive(from: ClientPort, data: unknown): void {
    if (from !== port) return;
    const checked = portReply.safeParse(data);
    if (!checked.success) return;
    const reply = checked.data;
    if ("event" in reply) return tell(reply.event as unknown as ServiceEvent);
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if ("error" in reply) {
      const { code, message, nodeId } = reply.error;
      call?.settle({
        error: new UmbelError(code, message, nodeId === undefined ? {} : { nodeId }),
      });
    } else call?.settle({ result: reply.result });
  }

  function tell(event: ServiceEvent): void {
    for (const listener of listeners) listener(event);
  }

  function lose(): void {
    port = null;
    for (const [id, call] of pending) {
      if (!DONE_ONCE.has(call.method)) continue;
      pending.delete(id);
      const message = `Expected the runtime to answer ${call.method}, but it ended. It is started again: look whether it was done, and try again.`;
      call.settle({ error: new UmbelError("ERR_ENGINE_GONE", message) });
    }
  }

  return {
    mediaUrl,

    attach(next) {
      const old = port;
      if (old !== null) {
        lose();
        old.close();
      }
      port = next;
      next.onmessage = ({ data }) => receive(next, data);
      next.addEventListener("close", () => {
        if (port === next) lose();
      });
      next.start();
      // What was asked before there was anyone to answer, or is safe to ask twice.
      for (const [id, call] of pending) send(id, call);
      if (attached++ > 0) tell({ type: "reconnected" });
    },

    async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
      const schemas: { readonly params: z.ZodType; readonly result: z.ZodType } = contract[method];
      const checked = schemas.params.safeParse(params);
      if (!checked.success) throw misfit(`parameters of ${method}`, checked.error.issues);
      const id = ++lastId;
      const reply = await new Promise<{ result: unknown } | { error: UmbelError }>((settle) => {
        const call: Pending = { method, params: checked.data, settle };
        pending.set(id, call);
        try {
          send(id, call);
        } catch (error) {
          pending.delete(id);
          settle({ error: toUmbelError(error, "ERR_INVALID_ARGUMENT") });
        }
      });
      if ("error" in reply) throw reply.error;
      const result = schemas.result.safeParse(reply.result);
      if (!result.success) throw misfit(`a result of ${method}`, result.error.issues);
      return result.data as Result<M>;
    },

    subscribe(listener) {
      const entry = (event: ServiceEvent) => listener(event);
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
  };
}

function misfit(
  what: string,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): UmbelError {
  const [issue] = issues;
  const where = issue === undefined ? "" : `${issue.path.map(String).join(".")}: ${issue.message}`;
  return new UmbelError("ERR_INVALID_ARGUMENT", `Expected ${what}, got something else. ${where}`);
}
