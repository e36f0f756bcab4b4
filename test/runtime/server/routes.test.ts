/** Routes that the clients of comfy-clients.test.ts do not call. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import type { GraphDocument } from "#runtime/graph/document";
import { smallPrompt, startServer, type TestServer } from "../../helpers/server.ts";

let running: TestServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

test("a second prompt of the same id is refused, and the first one's client is told on", async () => {
  const prompt_id = randomUUID();
  const socket = new WebSocket(`ws://${running.host}/ws?clientId=first`);
  const told: string[] = [];
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (!isBinary) told.push((JSON.parse(data.toString()) as { type: string }).type);
  });
  await once(socket, "open");
  const queue = (client_id: string) =>
    fetch(`http://${running.host}/prompt`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt: smallPrompt(), prompt_id, client_id }),
    });
  await running.service.call("queue.pause", { paused: true });
  expect((await queue("first")).status).toBe(200);
  const again = await queue("second");
  expect(again.status).toBe(400);
  expect(await again.text()).toContain("Expected a new job id");
  await running.service.call("queue.pause", { paused: false });
  await vi.waitFor(() => expect(told).toContain("execution_success"), 30_000);
  expect(told.filter((type) => type === "executed")).toHaveLength(1);
  socket.close();
});

test("long lists of jobs come whole and in order", async () => {
  const service = running.service;
  await service.call("queue.pause", { paused: true });
  const { document } = await opened();
  const answer = await service.call("queue.add", { document, count: 120 });
  const { jobs } = (answer as unknown as { result: { jobs: string[] } }).result;
  const pending = (await get("/queue")).body["queue_pending"] as [number, string][];
  expect(pending.map(([, job]) => job)).toEqual(jobs);
  await service.call("queue.clear", {});
  await service.call("queue.pause", { paused: false });
});

test("history is oldest first, and an offset counts from the oldest", async () => {
  for (const seed of [1, 2, 3])
    await fetch(`http://${running.host}/prompt`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt: smallPrompt(seed) }),
    });
  const history = async (query: string) => Object.keys((await get(`/history${query}`)).body);
  await vi.waitFor(async () => expect((await history("")).length).toBeGreaterThan(2), 30_000);
  const all = await history("");
  expect(await history("?max_items=2")).toEqual(all.slice(-2));
  expect(await history("?max_items=1&offset=0")).toEqual(all.slice(0, 1));
  expect(await history("?max_items=2&offset=1")).toEqual(all.slice(1, 3));
});

/** The small prompt as a document. */
async function opened(): Promise<{ document: GraphDocument }> {
  const data = new TextEncoder().encode(JSON.stringify(smallPrompt()));
  const answer = await running.service.call("graph.open", { name: "a.json", data });
  return (answer as unknown as { result: { document: GraphDocument } }).result;
}

const get = async (path: string) => {
  const answer = await fetch(`http://${running.host}${path}`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe("/view_metadata", () => {
  test("gives what a model says of itself", async () => {
    const file = "umbel_tiny_4step_lora.safetensors";
    const { status, body } = await get(`/view_metadata/loras?filename=${file}`);
    expect(status).toBe(200);
    expect(Object.keys(body).length).toBeGreaterThan(0);
    for (const value of Object.values(body)) expect(value).toBeTypeOf("string");
    expect(await get(`/api/view_metadata/loras?filename=${file}`)).toEqual({ status, body });
  });
  test.each([
    "loras?filename=none.safetensors",
    "loras?filename=..%2Fvae%2Fumbel_tiny_vae_bf16.safetensors",
    "loras?filename=%2Fetc%2Fpasswd",
    "loras",
    "none?filename=a.safetensors",
    "..%2Finput?filename=a.safetensors",
  ])("has nothing at %s, and tells no path", async (path) => {
    const { status, body } = await get(`/view_metadata/${path}`);
    expect(status).toBe(404);
    expect(JSON.stringify(body)).not.toMatch(/\/(tmp|models|etc)/);
  });
});
