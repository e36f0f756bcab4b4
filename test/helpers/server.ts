/** A running server over a real service and engine, in folders that go away with the test file. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openServer, type RunningServer, type ServerOptions } from "#runtime/server/open-server";
import { openService, type Service } from "#runtime/service/open-service";
import { scratchFolder, WORKER, workerSettings } from "./umbel-process.ts";

export interface TestServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly service: Service;
  readonly host: string;
  readonly folders: ServerOptions["folders"];
}

export async function startServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const folder = scratchFolder();
  const engine = workerSettings(folder);
  const folders = {
    output: engine.outputFolder,
    temporary: engine.temporaryFolder,
    input: engine.inputFolder,
    userdata: join(folder, "userdata"),
  };
  for (const path of Object.values(folders)) mkdirSync(path, { recursive: true });
  const service = await openService({
    version: "0.0.0",
    dataFolder: join(folder, "data"),
    engine,
    entry: WORKER,
  });
  const server = await openServer({
    service,
    folders,
    page: join(folder, "no-page"),
    version: "0.0.0",
    ...options,
  });
  return {
    server,
    service,
    folders,
    host: `127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await service.close();
    },
  };
}

/** A clip of 64 x 64 and five frames in API format; nodes as in ComfyUI's own template. */
export function smallPrompt(seed = 1, steps = 1): Record<string, Node> {
  return {
    "3": {
      class_type: "KSampler",
      inputs: {
        seed,
        steps,
        cfg: 1,
        sampler_name: "euler",
        scheduler: "simple",
        denoise: 1,
        model: ["37", 0],
        positive: ["6", 0],
        negative: ["6", 0],
        latent_image: ["40", 0],
      },
    },
    "6": {
      class_type: "CLIPTextEncode",
      inputs: { text: "A red circle moves left", clip: ["38", 0] },
    },
    "8": { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["39", 0] } },
    "37": {
      class_type: "UNETLoader",
      inputs: { unet_name: "umbel_tiny_t2v_bf16.safetensors", weight_dtype: "default" },
    },
    "38": {
      class_type: "CLIPLoader",
      inputs: { clip_name: "umbel_tiny_umt5_bf16.safetensors", type: "wan" },
    },
    "39": { class_type: "VAELoader", inputs: { vae_name: "umbel_tiny_vae_bf16.safetensors" } },
    "40": {
      class_type: "EmptyHunyuanLatentVideo",
      inputs: { width: 64, height: 64, length: 5, batch_size: 1 },
    },
    "49": { class_type: "CreateVideo", inputs: { fps: 16, images: ["8", 0] } },
    "50": {
      class_type: "SaveVideo",
      inputs: { filename_prefix: "video/umbel", format: "auto", codec: "auto", video: ["49", 0] },
    },
  };
}

export interface Node {
  class_type: string;
  inputs: Record<string, unknown>;
}
