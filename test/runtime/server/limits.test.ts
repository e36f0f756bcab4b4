/** What is too much is refused, with the limit in words. */
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { smallPrompt, startServer, type TestServer } from "../../helpers/server.ts";

const LIMITS = {
  bodyBytes: 100_000,
  uploadBytes: 20_000,
  nodes: 20,
  queue: 2,
  sockets: 2,
  messageBytes: 1000,
  pixels: 128 * 128,
  frames: 9,
  userFiles: 2,
  userFileBytes: 1000,
};
let running: TestServer;
beforeAll(async () => {
  running = await startServer({ limits: LIMITS });
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

interface Refused {
  readonly status: number;
  readonly message: string;
}

async function post(
  path: string,
  body: string | FormData,
  type = "application/json",
): Promise<Refused> {
  const headers = type === "" ? {} : { "content-type": type };
  const answer = await fetch(`http://${running.host}${path}`, { method: "POST", headers, body });
  if (answer.ok) return { status: answer.status, message: "" };
  const { error } = (await answer.json()) as { error: { message: string } };
  return { status: answer.status, message: error.message };
}

const queue = (prompt: unknown) => post("/prompt", JSON.stringify({ prompt }));

test("nodes, pixels and frames of a prompt", async () => {
  const loader = { class_type: "VAELoader", inputs: {} };
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [String(i), loader]));
  expect(await queue(many)).toEqual({
    status: 400,
    message: "Expected at most 20 nodes, got 21.",
  });
  const sized = (size: object) => {
    const prompt = smallPrompt();
    Object.assign(prompt["40"]!.inputs, size);
    return queue(prompt);
  };
  expect(await sized({ width: 256, height: 256 })).toEqual({
    status: 400,
    message: "Expected at most 16384 pixels a frame, got 256 x 256 in node #40.",
  });
  expect(await sized({ length: 13 })).toEqual({
    status: 400,
    message: "Expected at most 9 frames, got 13 in node #40.",
  });
});

test("bytes and depth of a body", async () => {
  expect(await post("/prompt", " ".repeat(100_001))).toEqual({
    status: 413,
    message: "Expected a body of at most 100000 bytes, got a larger one.",
  });
  const deep = await post("/prompt", `{"prompt": ${"[".repeat(5000)}${"]".repeat(5000)}}`);
  expect(deep).toEqual({ status: 400, message: expect.stringMatching(/at most 200/) });
});

test("an upload", async () => {
  const form = new FormData();
  const png = new Uint8Array(20_001);
  png.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  form.append("image", new Blob([png], { type: "image/png" }), "large.png");
  expect(await post("/upload/image", form, "")).toEqual({
    status: 413,
    message: "Expected a file of at most 20000 bytes, got a larger one.",
  });
});

test("files of the user, their bytes and their number", async () => {
  expect(await post("/userdata/large.json", JSON.stringify("x".repeat(1000)))).toEqual({
    status: 413,
    message: "Expected at most 1000 bytes, got 1002.",
  });
  expect((await post("/userdata/a.json", "1")).status).toBe(200);
  expect((await post("/userdata/b.json", "1")).status).toBe(200);
  expect((await post("/userdata/b.json", "2")).status).toBe(200);
  expect(await post("/userdata/c.json", "1")).toEqual({
    status: 507,
    message: "Expected at most 2 files. Delete some.",
  });
});

test("jobs that wait", async () => {
  await running.service.call("queue.pause", { paused: true });
  for (const seed of [1, 2]) expect((await queue(smallPrompt(seed))).status).toBe(200);
  expect(await queue(smallPrompt(3))).toEqual({
    status: 429,
    message: "Expected a queue of at most 2 jobs, got 2. Try again later.",
  });
  await running.service.call("queue.clear", {});
  await running.service.call("queue.pause", { paused: false });
});

test("sockets, and what they send", async () => {
  const open = (path: string) => {
    const socket = new WebSocket(`ws://${running.host}${path}`);
    const closed = new Promise<[number, string]>((resolve) => {
      socket.once("close", (code, reason) => resolve([code, reason.toString()]));
    });
    return new Promise<{ socket: WebSocket; closed: typeof closed }>((resolve, reject) => {
      socket.once("open", () => resolve({ socket, closed }));
      socket.once("error", reject);
    });
  };
  const first = await open("/ws?clientId=a");
  const second = await open("/umbel/events");
  for (const path of ["/ws?clientId=c", "/umbel/events"]) {
    const third = await open(path);
    expect(await third.closed).toEqual([1013, "Expected at most 2 clients. Try again later."]);
  }
  second.socket.close();
  await second.closed;
  // One that comes back under its id takes its own place.
  const again = await open("/ws?clientId=a");
  expect(await first.closed).toEqual([1000, "The client connected again."]);
  again.socket.send("x".repeat(1001));
  expect((await again.closed)[0]).toBe(1009);
});
