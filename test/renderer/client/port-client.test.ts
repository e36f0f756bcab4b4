import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import { UmbelError } from "#runtime/errors";
import { servePort, type ServicePort } from "#runtime/service/serve-port";
import { createPortClient, type ClientPort } from "../../../renderer/client/port-client.ts";

type Call = (method: unknown, params: unknown) => Promise<unknown>;
type Listener = (event: unknown) => void;

const open: MessagePort[] = [];

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** A service behind a port; `listeners` are those that subscribed. */
function startService(call: Call) {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const listeners = new Set<Listener>();
  const service = {
    call: async (method: unknown, params: unknown) => {
      try {
        return { ok: true as const, result: await call(method, params) };
      } catch (error) {
        return { ok: false as const, error: (error as UmbelError).toJSON() };
      }
    },
    subscribe: (listener: Listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  servePort(electronPort(port1), Promise.resolve(service as never));
  return { port: port2 as unknown as ClientPort, kill: () => port1.close(), listeners };
}

/** Electron's ports give an event around what they receive, Node's the message itself. */
function electronPort(port: MessagePort): ServicePort {
  return {
    postMessage: (message) => port.postMessage(message),
    start: () => port.start(),
    on: (event: string, listener: (event: { data: unknown }) => void) =>
      port.on(event, (data: unknown) => listener({ data })),
  } as ServicePort;
}

const client = () => createPortClient(({ place, path }) => `${place}/${path}`);

test("answers come to the call that asked, errors as errors", async () => {
  const { port } = startService(async (method, params) => {
    const { folder } = params as { folder: string };
    if (folder === "bad") throw new UmbelError("ERR_FILE", "Expected a folder.", { nodeId: "3" });
    await new Promise((resolve) => setTimeout(resolve, folder === "slow" ? 50 : 0));
    return [String(method), folder];
  });
  const runtime = client();
  runtime.attach(port);
  const slow = runtime.call("files.list", { folder: "slow" });
  const fast = runtime.call("files.list", { folder: "fast" });
  await expect(fast).resolves.toEqual(["files.list", "fast"]);
  await expect(slow).resolves.toEqual(["files.list", "slow"]);
  await expect(runtime.call("files.list", { folder: "bad" })).rejects.toMatchObject({
    name: "UmbelError",
    code: "ERR_FILE",
    nodeId: "3",
  });
});

test("bytes travel as bytes", async () => {
  const { port } = startService(async (_method, params) => {
    const { data } = params as { data: Uint8Array };
    return { name: `${data.length} ${data[999]}` };
  });
  const runtime = client();
  runtime.attach(port);
  const data = new Uint8Array(1000).fill(7);
  await expect(runtime.call("files.add", { name: "a.png", data })).resolves.toEqual({
    name: "1000 7",
  });
});

test("parameters and results that do not fit the contract are refused", async () => {
  const { port } = startService(async () => [1, 2]);
  const runtime = client();
  runtime.attach(port);
  const bad = runtime.call("files.list", { folder: 3 } as never);
  await expect(bad).rejects.toMatchObject({
    code: "ERR_INVALID_ARGUMENT",
    message: expect.stringMatching(/folder/),
  });
  const misfit = runtime.call("files.list", { folder: "a" });
  await expect(misfit).rejects.toMatchObject({
    message: expect.stringMatching(/a result of files.list/),
  });
});

test("calls wait for the first port", async () => {
  const runtime = client();
  const call = runtime.call("files.list", { folder: "a" });
  const { port } = startService(async () => ["x"]);
  runtime.attach(port);
  await expect(call).resolves.toEqual(["x"]);
});

test("a service that ends and comes back: reads are asked again, what is done once fails in words", async () => {
  const first = startService(() => new Promise(() => undefined));
  const runtime = client();
  const heard: string[] = [];
  runtime.subscribe((event) => heard.push(event.type));
  runtime.attach(first.port);
  const read = runtime.call("files.list", { folder: "a" });
  const once = runtime.call("queue.add", { document: { umbel: 1, nodes: {}, links: [] } as never });
  const failed = expect(once).rejects.toMatchObject({
    code: "ERR_ENGINE_GONE",
    message: expect.stringMatching(/queue\.add/),
  });
  first.kill();
  await failed;

  const second = startService(async () => ["again"]);
  runtime.attach(second.port);
  await expect(read).resolves.toEqual(["again"]);
  expect(heard).toEqual(["reconnected"]);
  await expect(runtime.call("files.list", { folder: "b" })).resolves.toEqual(["again"]);
});

test("events come in order until the subscription ends; a port that closes leaves no listener behind", async () => {
  const { port, listeners, kill } = startService(async () => []);
  const runtime = client();
  const heard: unknown[] = [];
  const end = runtime.subscribe((event) => heard.push(event));
  runtime.attach(port);
  await runtime.call("files.list", { folder: "a" });
  const tell = (event: unknown) => listeners.forEach((listener) => listener(event));
  tell({ type: "models" });
  tell({ type: "nodes" });
  await vi.waitFor(() => expect(heard).toEqual([{ type: "models" }, { type: "nodes" }]));
  end();
  tell({ type: "models" });
  await runtime.call("files.list", { folder: "a" });
  expect(heard).toHaveLength(2);
  kill();
  await vi.waitFor(() => expect(listeners.size).toBe(0));
});

test("what is no request is dropped, and the next one answered", async () => {
  const { port } = startService(async () => ["fine"]);
  for (const junk of [
    null,
    1,
    "x",
    {},
    { id: -1, method: "a" },
    { id: 1.5 },
    [],
    { id: 1, method: 3 },
  ])
    port.postMessage(junk);
  const runtime = client();
  runtime.attach(port);
  await expect(runtime.call("files.list", { folder: "a" })).resolves.toEqual(["fine"]);
});
