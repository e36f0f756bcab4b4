/** What the server is, which classes and models it has. */
import { arch, freemem, platform, totalmem } from "node:os";
import type { FastifyInstance } from "fastify";
import { MODEL_FOLDERS } from "#runtime/engine/model-folders";
import { objectInfo } from "#runtime/server/comfy/class-info";
import type { ServerContext } from "#runtime/server/context";
import { Refusal } from "#runtime/server/refusal";

/** The version whose API this server speaks; clients choose by it what they send. */
const COMFYUI_VERSION = "0.3.64";

export function addSystemRoutes(app: FastifyInstance, context: ServerContext): void {
  const { handlers } = context;
  const files = async (folder: string) => handlers["files.list"]({ folder });

  app.get("/object_info", async () => objectInfo(await context.descriptions(), files));
  app.get<{ Params: { type: string } }>("/object_info/:type", async ({ params }) =>
    objectInfo(await context.descriptions(), files, [params.type]),
  );

  app.get("/system_stats", async () => {
    const { device } = await handlers["service.info"]({});
    return {
      system: {
        os: `${platform()} ${arch()}`,
        ram_total: totalmem(),
        ram_free: freemem(),
        comfyui_version: COMFYUI_VERSION,
        umbel_version: context.version,
        python_version: "",
        pytorch_version: "",
        embedded_python: false,
        argv: [],
      },
      devices: [
        {
          name: device.label,
          type: device.name,
          index: 0,
          vram_total: device.totalBytes,
          vram_free: device.freeBytes,
          torch_vram_total: 0,
          torch_vram_free: 0,
        },
      ],
    };
  });

  app.get("/features", async () => featureFlags(context));
  app.get("/embeddings", async () => []);
  app.get("/extensions", async () => []);
  app.get("/models", async () => MODEL_FOLDERS);
  app.get<{ Params: { folder: string } }>("/models/:folder", async ({ params: { folder } }) => {
    if (!MODEL_FOLDERS.includes(folder))
      throw new Refusal(
        404,
        "not_found",
        `Expected one of ${MODEL_FOLDERS.join(", ")}, got ${JSON.stringify(folder)}.`,
      );
    return files(folder);
  });
}

export function featureFlags(context: ServerContext): Record<string, boolean | number> {
  return { supports_preview_metadata: true, max_upload_size: context.limits.uploadBytes };
}
