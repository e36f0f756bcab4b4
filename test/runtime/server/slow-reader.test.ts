/** A client that does not read costs no more than its backlog, then it is let go with words; others miss nothing. */
import type { Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { decodeWire } from "#runtime/protocol/wire";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import { openServer, type RunningServer } from "#runtime/server/open-server";
import { startServer, type TestServer } from "../../helpers/server.ts";

const BACKLOG = 1_000_000;
/** More than the kernel's own buffers hold. */
const EVENTS = 100;
/** Tens of megabytes over sockets, beside other tests. */
const LIMIT = { timeout: 60_000 };
const WORDS = `Expected a client that reads, got ${BACKLOG} bytes that wait. Connect again.`;

let around: TestServer;
let server: RunningServer;
let tell: (event: ServiceEvent) => void;
let sockets: Socket[];
beforeAll(async () => {
  around = await startServer();
  const listeners = new Set<(event: ServiceEvent) => void>();
  const { service, folders } = around;
  server = await openServer({
    service: {
      ...service,
      handlers: { ...service.handlers, "queue.origin": async () => ({ prompt: {} }) },
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    folders,
    page: folders.input,
    version: "0.0.0",
    limits: { backlogBytes: BACKLOG },
  });
  tell = (event) => listeners.forEach((listener) => listener(event));
  server.app.server.on("connection", (socket) => sockets.push(socket));
});
beforeEach(() => {
  sockets = [];
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await around[Symbol.asyncDispose]();
});

interface Client {
  readonly socket: WebSocket;
  readonly received: Buffer[];
  readonly closed: Promise<[number, string]>;
}

async function connect(path: string): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
  const received: Buffer[] = [];
  socket.on("message", (data: Buffer) => received.push(data));
  const closed = new Promise<[number, string]>((resolve) => {
    socket.once("close", (code, reason) => resolve([code, reason.toString()]));
  });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return { socket, received, closed };
}

const notice = (at: number): ServiceEvent => ({
  type: "notice",
  message: `${at} ${"x".repeat(200_000)}`,
});
const waiting = (): number => Math.max(0, ...sockets.map(({ writableLength }) => writableLength));
const waitFor = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(holds()).toBe(true), { timeout: 20_000, interval: 2 });
const openCount = async (): Promise<string> => {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return /^umbel_sockets (\d+)$/m.exec(text)?.[1] ?? text;
};

describe("a page that does not read", () => {
  test("is cut off, and others get everything in order", LIMIT, async () => {
    const stuck = await connect("/umbel/events");
    const other = await connect("/umbel/events");
    stuck.socket.pause();
    let most = 0;
    for (let at = 0; at < EVENTS; at++) {
      tell(notice(at));
      await waitFor(() => other.received.length === at + 1);
      // Beyond the limit this event has cut it off: what waits, and why no more comes, has to be read in time.
      if (most > BACKLOG) stuck.socket.resume();
      else most = waiting();
    }
    const events = other.received.map((data) => decodeWire(data) as { message: string });
    expect(events.map(({ message }) => Number(message.split(" ")[0]))).toEqual(
      Array.from({ length: EVENTS }, (_, at) => at),
    );
    // 20 MB were told; no more than the limit and the message that went over it ever waited.
    expect(most).toBeGreaterThan(BACKLOG);
    expect(most).toBeLessThan(BACKLOG + 300_000);
    expect(await stuck.closed).toEqual([1008, WORDS]);
    expect(stuck.received.length).toBeLessThan(EVENTS);
    await waitFor(() => waiting() === 0);
    expect(await openCount()).toBe("1");
    other.socket.close();
    await other.closed;
  });

  test(
    "and never reads again is gone after some seconds, with what waited for it",
    LIMIT,
    async () => {
      const stuck = await connect("/umbel/events");
      stuck.socket.pause();
      for (let at = 0; at < EVENTS; at++) {
        tell(notice(at));
        await new Promise(setImmediate);
      }
      expect(waiting()).toBeGreaterThan(BACKLOG);
      await waitFor(() => sockets.some(({ destroyed }) => destroyed));
      expect(await openCount()).toBe("0");
      stuck.socket.terminate();
    },
  );
});

test("a client of ComfyUI's protocol that does not read is cut off as well", LIMIT, async () => {
  const stuck = await connect("/ws?clientId=stuck");
  const other = await connect("/ws?clientId=other");
  stuck.socket.pause();
  const data = new Uint8Array(512 * 512 * 3).map((_, i) => Math.imul(i, 2654435761) >>> 13);
  const preview = { frames: 1, width: 512, height: 512, data };
  tell({ type: "job", event: { type: "job_started", job: "a", nodes: [] } });
  let most = 0;
  for (let at = 0; at < EVENTS && stuck.socket.readyState === WebSocket.OPEN; at++) {
    const before = other.received.length;
    tell({ type: "preview", job: "a", node: "n", preview });
    await waitFor(() => other.received.length > before);
    if (most > BACKLOG) break;
    most = waiting();
  }
  expect(most).toBeGreaterThan(BACKLOG);
  expect(most).toBeLessThan(BACKLOG + 1_000_000);
  stuck.socket.resume();
  expect(await stuck.closed).toEqual([1008, WORDS]);
});
