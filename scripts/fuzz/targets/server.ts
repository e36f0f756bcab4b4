import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineSettings } from "#runtime/cli/engine-options";
import { UmbelError } from "#runtime/errors";
import { openServer } from "#runtime/server/open-server";
import { openService } from "#runtime/service/open-service";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateJson } from "../mutate-json.ts";
import type { FuzzTarget } from "../target.ts";

interface Request {
  readonly method: "GET" | "POST" | "DELETE" | "PUT" | "PATCH" | "OPTIONS" | "HEAD";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const json = { "content-type": "application/json" };
const upload = { "content-type": "multipart/form-data; boundary=b" };
const post = (url: string, body: unknown): Request => ({
  method: "POST",
  url,
  headers: json,
  body: JSON.stringify(body),
});

const PROMPT = {
  "1": {
    class_type: "RadialMaskPreview",
    inputs: { width: 64, height: 64, length: 5, decay_factor: 0.5, block_size: 128 },
  },
  "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
};
const PART =
  '--b\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n\r\n\x89PNG\r\n\x1a\n........\r\n--b--\r\n';

/** Requests that are answered well; every route is among them. */
const VALID: readonly Request[] = [
  post("/prompt", { prompt: PROMPT, client_id: "a", extra_data: { a: 1 } }),
  post("/api/prompt", { prompt: PROMPT, number: -1, partial_execution_targets: ["2"] }),
  post("/queue", { delete: ["b0c6f1f0-0000-4000-8000-000000000000"] }),
  post("/history", { delete: ["x"] }),
  post("/interrupt", { prompt_id: "x" }),
  post("/settings", { a: 1, b: { c: [] } }),
  post("/settings/a", true),
  post("/userdata/workflows%2Fa.json?overwrite=true&full_info=true", { nodes: [] }),
  post("/jobs/cancel", { job_ids: ["x"] }),
  post("/umbel/call/queue.state", { limit: 10 }),
  post("/umbel/call/graph.check", { document: { umbel: 1, nodes: {}, links: [] } }),
  post("/umbel/call/graph.mask", {
    kind: "wan",
    width: 256,
    height: 256,
    frames: 33,
    decay: 0.2,
    block: 128,
  }),
  { method: "POST", url: "/upload/image", headers: upload, body: PART },
  ...[
    "/prompt",
    "/queue",
    "/history?max_items=3&offset=1",
    "/history/x",
    "/jobs?status=pending&limit=5",
    "/object_info/KSampler",
    "/system_stats",
    "/features",
    "/models",
    "/models/vae",
    "/embeddings",
    "/extensions",
    "/userdata?dir=workflows&recurse=true&split=true",
    "/v2/userdata?path=workflows",
    "/settings",
    "/settings/a",
    "/users",
    "/health",
    "/metrics",
    "/",
  ].map((url): Request => ({ method: "GET", url })),
];

const donors = VALID.map(({ url, body }) => Buffer.from(body ?? url, "latin1"));
const ODD_URLS = [
  "/view?filename=%2e%2e%2fx",
  "/view?filename=a.png&preview=webp;90",
  "/userdata/%00",
  "/api/view",
  "/ws",
  "/umbel/events",
  "//",
  "/%",
  "/upload/mask",
  "/jobs/x",
  "/free",
];
const METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"] as const;
const HEADERS = [
  "host",
  "origin",
  "content-type",
  "range",
  "cookie",
  "authorization",
  "x-forwarded-host",
  "expect",
];

/**
 * Damaged requests to every route of the server. Each is answered with less than 500; nothing appears beside the
 * server's own folders, and the queue still works. Jobs wait, so that only the server itself is tried.
 */
export async function serverTarget(): Promise<FuzzTarget & AsyncDisposable> {
  const root = mkdtempSync(join(tmpdir(), "umbel-fuzz-"));
  const folder = (name: string): string => join(root, name);
  const engine = {
    ...engineSettings(
      { device: "null", models: [] },
      { input: folder("input"), out: folder("output") },
    ),
    temporaryFolder: folder("temporary"),
  };
  const folders = {
    output: engine.outputFolder,
    input: engine.inputFolder,
    temporary: engine.temporaryFolder,
    userdata: folder("userdata"),
  };
  for (const path of Object.values(folders)) mkdirSync(path);
  const service = await openService({ version: "0", dataFolder: folder("data"), engine });
  await service.call("queue.pause", { paused: true });
  const server = await openServer({ service, folders, version: "0", page: folder("none") });
  const host = `127.0.0.1:${server.port}`;
  const expected = readdirSync(root).toSorted().join();
  const send = (request: Request) =>
    server.app.inject({
      method: request.method,
      url: request.url,
      headers: { host, ...request.headers },
      ...(request.body === undefined ? {} : { payload: Buffer.from(request.body, "latin1") }),
    });

  return {
    name: "server",
    share: 10,
    valid: VALID.map((request) => Buffer.from(JSON.stringify(request))),
    mutate: (random) => {
      const request = { ...random.pick(VALID), headers: { ...random.pick(VALID).headers } };
      const text = (value: string): string =>
        mutateBytes(Buffer.from(value, "latin1"), random, donors).toString("latin1");
      if (random.chance(0.3))
        request.url = random.chance(0.4) ? random.pick(ODD_URLS) : `/${text(request.url)}`;
      if (random.chance(0.2)) request.method = random.pick(METHODS);
      if (random.chance(0.25))
        request.headers[random.pick(HEADERS)] = text("https://a.example:80/x; y=1");
      if (request.body !== undefined && random.chance(0.8))
        request.body = random.chance(0.8) ? mutateJson(request.body, random) : text(request.body);
      return Buffer.from(JSON.stringify(request));
    },
    run: async (input) => {
      const request = JSON.parse(Buffer.from(input).toString("utf8")) as Request;
      let status: number;
      try {
        status = (await send(request)).statusCode;
      } catch (error) {
        // A header or path that Node itself refuses to send.
        if ((error as NodeJS.ErrnoException).code?.startsWith("ERR_") !== true) throw error;
        status = 400;
      }
      if (status >= 500) throw new Error(`Expected an answer below 500, got ${status}.`);
      if (readdirSync(root).toSorted().join() !== expected)
        throw new Error(`Expected ${expected}, got ${readdirSync(root).toSorted().join()}.`);
      if (status >= 400) throw new UmbelError("ERR_INVALID_ARGUMENT", `Status ${status}.`);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await service.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
