/** Routes that the clients of comfy-clients.test.ts do not call. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type TestServer } from "../../helpers/server.ts";

let running: TestServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

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
