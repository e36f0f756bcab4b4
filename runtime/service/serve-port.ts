/** One client of the service on a MessagePort. */
import { toUmbelError } from "#runtime/errors";
import { portRequest, type PortReply } from "#runtime/protocol/port-messages";
import type { Service } from "./open-service.ts";

/** What is needed of a port; Electron's MessagePortMain has it. */
export interface ServicePort {
  postMessage(message: unknown): void;
  on(event: "message", listener: (event: { readonly data: unknown }) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  start(): void;
}

/** Answers until the port is closed. Messages that are no requests are dropped: nobody waits for an answer to them. */
export function servePort(
  port: ServicePort,
  opened: Promise<Pick<Service, "call" | "subscribe">>,
): void {
  let closed = false;
  let unsubscribe = (): void => undefined;
  const send = (message: PortReply): void => {
    if (!closed) port.postMessage(message);
  };

  async function answer(data: unknown): Promise<void> {
    const checked = portRequest.safeParse(data);
    if (!checked.success) return;
    const { id, method, params } = checked.data;
    const reply = await (await opened).call(method, params);
    try {
      send(reply.ok ? { id, result: reply.result } : { id, error: reply.error });
    } catch (error) {
      send({ id, error: toUmbelError(error).toJSON() });
    }
  }

  port.on("message", ({ data }) => void answer(data));
  port.on("close", () => {
    closed = true;
    unsubscribe();
  });
  void opened.then((service) => {
    if (!closed) unsubscribe = service.subscribe((event) => send({ event }));
  });
  port.start();
}
