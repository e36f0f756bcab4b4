/** Our own interface for the editor in a browser: calls of the service's contract, and its events. */
import type { FastifyInstance } from "fastify";
import { toUmbelError } from "#runtime/errors";
import { decodeWire, encodeWire } from "#runtime/protocol/wire";
import { dispatch } from "#runtime/service/dispatch";
import type { ServerContext } from "#runtime/server/context";
import { Refusal } from "#runtime/server/refusal";

/** Calls that only whoever sits at the machine may make. */
const LOCAL_ONLY = new Set(["models.addFolder"]);

export function addUmbelRoutes(app: FastifyInstance, context: ServerContext): void {
  app.post<{ Params: { method: string } }>("/umbel/call/:method", async (request, reply) => {
    const { method } = request.params;
    if (LOCAL_ONLY.has(method))
      throw new Refusal(
        403,
        "local_only",
        `Expected a call that may come from elsewhere, got ${method}: make it on the machine itself.`,
      );
    const { body } = request;
    let params: unknown = body;
    if (Buffer.isBuffer(body)) {
      try {
        params = decodeWire(body);
      } catch (error) {
        throw new Refusal(400, "bad_message", toUmbelError(error).message);
      }
    }
    const answer = await dispatch(context.service.handlers, method, params ?? {});
    reply.header("content-type", "application/octet-stream");
    return reply.send(Buffer.from(encodeWire(answer)));
  });

  /** Sessions of open pages, with how many sockets each has. */
  const sessions = new Map<string, number>();
  const count = (session: string, by: 1 | -1): void => {
    const now = (sessions.get(session) ?? 0) + by;
    if (now > 0) sessions.set(session, now);
    else sessions.delete(session);
  };
  app.get("/umbel/sessions", async () => ({ sessions: [...sessions.keys()] }));

  app.get("/umbel/events", { websocket: true }, (socket, request) => {
    const { session = "" } = request.query as Record<string, string | undefined>;
    const isNamed = /^[\w-]{1,64}$/.test(session);
    if (isNamed) count(session, 1);
    const stop = context.service.subscribe((event) => {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > context.limits.backlogBytes) socket.terminate();
      else socket.send(encodeWire(event));
    });
    socket.on("close", () => {
      if (isNamed) count(session, -1);
      stop();
    });
    socket.on("error", () => socket.terminate());
  });
}
