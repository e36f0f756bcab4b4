/** Three clients of ComfyUI from npm, as they are, against the server. */
import { ComfyApi, CallWrapper, PromptBuilder } from "@saintno/comfyui-sdk";
import { Client } from "@stable-canvas/comfyui-client";
import { ComfyUIClient } from "comfy-ui-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { smallPrompt, startServer, type TestServer } from "../../helpers/server.ts";

let running: TestServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

/** "ftyp", the first box of every MP4. */
async function isMp4(data: Blob): Promise<boolean> {
  return Buffer.from(await data.arrayBuffer()).toString("latin1", 4, 8) === "ftyp";
}

describe("comfy-ui-client", () => {
  test("queues a prompt, waits for it and fetches the clip", async () => {
    const client = new ComfyUIClient(running.host, "test-one");
    await client.connect();
    try {
      const images = await client.getImages(smallPrompt(1) as never);
      const [clip] = images["50"] ?? [];
      expect(clip?.image).toMatchObject({ subfolder: "video", type: "output" });
      expect(await isMp4(clip?.blob as Blob)).toBe(true);
      const info = await client.getObjectInfo("KSampler");
      expect(Object.keys(info)).toEqual(["KSampler"]);
      expect((await client.getSystemStats()).devices).toHaveLength(1);
      const history = await client.getHistory();
      expect(Object.values(history).at(-1)).toMatchObject({
        status: { status_str: "success", completed: true },
      });
      expect(await client.getQueue()).toEqual({ queue_running: [], queue_pending: [] });
      expect(await client.getPrompt()).toEqual({ exec_info: { queue_remaining: 0 } });
      const png = await tinyPng();
      const stored = await client.uploadImage(png, "dot.png");
      expect(stored).toEqual({ name: "dot.png", subfolder: "", type: "input" });
      const seen = await client.getImage("dot.png", "", "input");
      expect(Buffer.from(await seen.arrayBuffer()).equals(png)).toBe(true);
    } finally {
      await client.disconnect();
    }
  });

  test("is told what is wrong with a prompt", async () => {
    const client = new ComfyUIClient(running.host, "test-wrong");
    const prompt = smallPrompt();
    delete prompt["3"]?.inputs["model"];
    await expect(client.queuePrompt(prompt as never)).rejects.toThrow(/required_input_missing/);
  });
});

describe("@stable-canvas/comfyui-client", () => {
  test("connects, queues, sees progress and results", async () => {
    const client = new Client({ api_host: running.host, WebSocket, fetch });
    void client.connect();
    try {
      const stages: number[] = [];
      const done = new Promise<unknown>((resolve, reject) => {
        client.on("progress", ({ value }) => stages.push(value));
        client.on("execution_success", () => resolve(null));
        client.on("execution_error", reject);
      });
      await new Promise<void>((resolve) => client.once("connected", () => resolve()));
      const queued = await client.queuePrompt(0, {
        prompt: smallPrompt(2, 2),
        workflow: {},
      });
      await done;
      expect(stages.length).toBeGreaterThan(0);
      const { History } = await client.getHistory(1);
      expect(History[0]?.prompt[1]).toBe((queued as unknown as { prompt_id: string }).prompt_id);
      expect(Object.keys(await client.getNodeDefs())).toContain("RadialAttention");
      expect(await client.getSettings()).toEqual({});
    } finally {
      client.close();
    }
  });
});

describe("@saintno/comfyui-sdk", () => {
  test("builds a prompt, runs it and finds its results", async () => {
    const api = new ComfyApi(`http://${running.host}`, "test-sdk", {
      customWebSocketImpl: WebSocket as never,
    });
    api.init();
    await api.waitForReady();
    try {
      const builder = new PromptBuilder(smallPrompt() as never, ["seed"], ["clip"])
        .setInputNode("seed", "3.inputs.seed" as never)
        .setOutputNode("clip", "50" as never)
        .input("seed", 3 as never);
      const result = await new Promise<{ clip?: { images?: { filename: string }[] } }>(
        (resolve, reject) => {
          void new CallWrapper(api, builder)
            .onFinished((data) => resolve(data as never))
            .onFailed((error) => reject(error))
            .run();
        },
      );
      expect(result.clip?.images?.[0]?.filename).toMatch(/^umbel_\d{5}_\.mp4$/);
    } finally {
      api.destroy();
    }
  });
});

async function tinyPng(): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  return sharp({ create: { width: 2, height: 2, channels: 3, background: "red" } })
    .png()
    .toBuffer();
}
