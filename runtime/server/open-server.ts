/** The HTTP and WebSocket server: ComfyUI's interface under / and /api, our own under /umbel, the editor as a page. */
import type { IncomingHttpHeaders } from "node:http";
import { isIP, type Socket } from "node:net";
import multipart from "@fastify/multipart";
import websocket from "@fastify/websocket";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { isUmbelError, UmbelError } from "#runtime/errors";
import { compactComfyJson, parseComfyJson } from "#runtime/graph/comfy/comfy-json";
import type { Json } from "#runtime/graph/json";
import {
  neededHandlers,
  type ServerContext,
  type ServerFolders,
  type ServedService,
} from "./context.ts";
import { checkAccess, hostNames, isLoopback, TOKEN_COOKIE, type Access } from "./guard.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { Metrics } from "./metrics.ts";
import { Refusal } from "./refusal.ts";
import { addHistoryRoutes } from "./routes/history.ts";
import { addJobRoutes } from "./routes/jobs.ts";
import { addPage } from "./routes/page.ts";
import { addPromptRoutes } from "./routes/prompt.ts";
import { addQueueRoutes } from "./routes/queue.ts";
import { addSystemRoutes } from "./routes/system.ts";
import { addUmbelRoutes } from "./routes/umbel.ts";
import { addUploadRoutes } from "./routes/uploads.ts";
import { addUserdataRoutes } from "./routes/userdata.ts";
import { addViewRoutes } from "./routes/view.ts";
import { SocketCount } from "./socket-count.ts";
import { SocketHub } from "./socket-hub.ts";

/** Milliseconds that clients have to say goodbye. */
const PATIENCE = 300;

export interface ServerOptions {
  readonly service: ServedService;
  readonly folders: ServerFolders;
  /** Built editor. */
  readonly page: string;
  readonly version: string;
  readonly address?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** Asked for with every request; must be given when the address is not this machine's own. */
  readonly token?: string | null;
  readonly hostNames?: readonly string[];
  readonly origins?: readonly string[];
  readonly limits?: Partial<Limits>;
}

export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly app: FastifyInstance;
}

/** Throws ERR_INVALID_ARGUMENT for an address that others reach without a token, ERR_FILE when the port is taken. */
export async function openServer(options: ServerOptions): Promise<RunningServer> {
  const address = options.address ?? "127.0.0.1";
  const token = options.token ?? null;
  if (!isLoopback(address) && token === null)
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a token for a server that others reach (${address}), got none. Give --token, or listen on 127.0.0.1.`,
    );
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { service, folders, version } = options;
  const handlers = neededHandlers(service.handlers);
  const context: ServerContext = {
    service,
    handlers,
    folders,
    limits,
    version,
    descriptions: async () => {
      const list = await handlers["nodes.list"]({});
      return new Map(list.map((description) => [description.type, description]));
    },
  };
  const sockets = new SocketCount(limits.sockets);
  const hub = new SocketHub(context, sockets);
  const metrics = new Metrics(() => sockets.open);

  const app = fastify({
    bodyLimit: limits.bodyBytes,
    routerOptions: { maxParamLength: 1024 },
    // ids in error messages come from the request, not from a header that anybody sets
    requestIdHeader: false,
    // Clients keep connections for later requests; a server that stops does not wait for those.
    forceCloseConnections: true,
  });
  // Filled in below, when the port is known.
  let access: Access = { hosts: new Set(), origins: new Set(options.origins ?? []), token };
  app.addHook("onRequest", async (request, reply) => {
    const [path = "/"] = request.url.split("?");
    const queryToken = (request.query as Record<string, string | undefined>)["token"];
    checkAccess({ method: request.method, path, headers: request.headers, queryToken }, access);
    if (token !== null && queryToken === token)
      reply.header("set-cookie", `${TOKEN_COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/`);
  });
  readJson(app, limits);
  app.setReplySerializer((payload) => compactComfyJson(payload as Json));
  app.setErrorHandler((error: FastifyError, { headers }, reply) =>
    answerError(tooLarge(error, headers, limits) ?? error, reply),
  );
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(
        errorBody("not_found", `Expected a path of this server, got ${request.url.slice(0, 200)}.`),
      ),
  );
  await app.register(multipart, {
    limits: { fileSize: limits.uploadBytes, files: 4, fields: 32, fieldSize: 1 << 20, parts: 40 },
  });
  await app.register(websocket, { options: { maxPayload: limits.messageBytes } });

  const comfy = async (scope: FastifyInstance): Promise<void> => {
    addPromptRoutes(scope, context);
    addQueueRoutes(scope, context);
    addHistoryRoutes(scope, context);
    addJobRoutes(scope, context);
    addViewRoutes(scope, context);
    addUploadRoutes(scope, context);
    addUserdataRoutes(scope, context);
    addSystemRoutes(scope, context);
    scope.get("/ws", { websocket: true }, (socket, request) => {
      hub.connect(socket, (request.query as Record<string, string | undefined>)["clientId"]);
    });
  };
  await app.register(comfy);
  await app.register(comfy, { prefix: "/api" });
  await app.register(async (scope) => addUmbelRoutes(scope, context, sockets));
  app.get("/health", async () => ({ status: "ok" }));
  app.get("/metrics", async (_request, reply) => {
    reply.header("content-type", metrics.registry.contentType);
    return reply.serializer((text) => String(text)).send(await metrics.registry.metrics());
  });
  await addPage(app, options.page);

  const connections = new Set<Socket>();
  app.server.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  const stops = [service.subscribe(hub.receive), service.subscribe(metrics.receive)];
  // What was there before anything changes.
  const state = await handlers["queue.state"]({ limit: 0 });
  for (const listener of [hub, metrics]) listener.receive({ type: "queue", state });
  try {
    await app.listen({ host: address, port: options.port ?? 0 });
  } catch (cause) {
    for (const stop of stops) stop();
    await app.close();
    throw new UmbelError(
      "ERR_FILE",
      `Expected to listen on ${address}:${options.port ?? 0}, got ${String(cause)}. Choose another --port.`,
      { cause },
    );
  }
  const bound = app.server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  access = { ...access, hosts: hostNames(address, port, options.hostNames) };
  const shown = isIP(address) === 6 ? `[${address}]` : address;
  return {
    url: `http://${shown}:${port}`,
    port,
    app,
    [Symbol.asyncDispose]: async () => {
      for (const stop of stops) stop();
      hub.close();
      // Refused upgrades and clients that do not answer the closing of a WebSocket would be waited for.
      const timer = setTimeout(() => connections.forEach((socket) => socket.destroy()), PATIENCE);
      await app.close();
      clearTimeout(timer);
    },
  };
}

/** Integers beyond 2^53 (seeds) survive. */
function readJson(app: FastifyInstance, limits: Limits): void {
  app.removeContentTypeParser("text/plain");
  app.addContentTypeParser(
    ["application/json", "text/plain"],
    { parseAs: "string", bodyLimit: limits.bodyBytes },
    (_request, text, done) => {
      try {
        done(null, text === "" ? {} : parseComfyJson(String(text), "a body"));
      } catch (error) {
        done(new Refusal(400, "bad_json", error instanceof Error ? error.message : String(error)));
      }
    },
  );
  app.addContentTypeParser(
    "application/octet-stream",
    { parseAs: "buffer", bodyLimit: limits.uploadBytes },
    (_request, bytes, done) => {
      done(null, bytes);
    },
  );
}

/** The library's own message names no limit. */
function tooLarge(
  { code }: FastifyError,
  headers: IncomingHttpHeaders,
  { bodyBytes, uploadBytes }: Limits,
): Refusal | null {
  if (code !== "FST_ERR_CTP_BODY_TOO_LARGE") return null;
  const isBinary = headers["content-type"]?.startsWith("application/octet-stream") === true;
  const most = isBinary ? uploadBytes : bodyBytes;
  return new Refusal(
    413,
    "too_large",
    `Expected a body of at most ${most} bytes, got a larger one.`,
  );
}

function answerError(error: FastifyError | Refusal, reply: FastifyReply): FastifyReply {
  if (error instanceof Refusal)
    return reply.code(error.status).send(errorBody(error.type, error.message));
  if (isUmbelError(error)) {
    const status =
      error.code === "ERR_INVALID_ARGUMENT" || error.code === "ERR_DOCUMENT" ? 400 : 500;
    return reply.code(status).send(errorBody(error.code, error.message));
  }
  const status = error.statusCode ?? 500;
  // What failed inside is for the log; a client learns no path and no stack.
  if (status >= 500) process.stderr.write(`umbel: ${error.stack ?? error.message}\n`);
  return reply
    .code(status)
    .send(
      errorBody(
        error.code ?? "error",
        status >= 500 ? "The server failed at this request; its log says why." : error.message,
      ),
    );
}

function errorBody(type: string, message: string): Json {
  return { error: { type, message, details: "", extra_info: {} }, node_errors: {} };
}
