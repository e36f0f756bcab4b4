/** Our own interface for the editor in a browser: calls of the service's contract, and its events. */
import type { FastifyInstance } from "fastify";
import { toUmbelError } from "#runtime/errors";
import { decodeWire, encodeWire } from "#runtime/protocol/wire";
import { dispatch } from "#runtime/service/dispatch";
import type { ServerContext } from "#runtime/server/context";
import { Refusal } from "#runtime/server/refusal";
import { send } from "#runtime/server/send";
import type { SocketCount } from "#runtime/server/socket-count";

/** Calls, and settings, that name folders: only whoever sits at the machine says which ones are read and written. */
const LOCAL_CALLS = new Set(["models.addFolder", "models.addFile"]);
const LOCAL_SETTINGS = ["modelFolders", "outputFolder"];

function checkLocal(method: string, params: unknown): void {
  const names = typeof params === "object" && params !== null ? Object.keys(params) : [];
  const setting = LOCAL_SETTINGS.find((name) => method === "settings.set" && names.includes(name));
  if (!LOCAL_CALLS.has(method) && setting === undefined) return;
  throw new Refusal(
    403,
    "local_only",
    `Expected a call that may come from elsewhere, got ${setting ?? method}: set it on the machine itself, with the options of umbel serve.`,
  );
}

export function addUmbelRoutes(
  app: FastifyInstance,
  context: ServerContext,
  sockets: SocketCount,
): void {
  app.post<{ Params: { method: string } }>("/umbel/call/:method", async (request, reply) => {
    const { method } = request.params;
    const { body } = request;
    let params: unknown = body;
    if (Buffer.isBuffer(body)) {
      try {
        params = decodeWire(body);
      } catch (error) {
        throw new Refusal(400, "bad_message", toUmbelError(error).message);
      }
    }
    checkLocal(method, params);
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
    if (!sockets.admit(socket)) return;
    const { session = "" } = request.query as Record<string, string | undefined>;
    const isNamed = /^[\w-]{1,64}$/.test(session);
    if (isNamed) count(session, 1);
    const stop = context.service.subscribe((event) => {
      send(socket, encodeWire(event), context.limits.backlogBytes);
    });
    socket.on("close", () => {
      if (isNamed) count(session, -1);
      stop();
    });
    socket.on("error", () => socket.terminate());
  });
}
