/** What the server is, which classes and models it has. */
import { arch, freemem, platform, totalmem } from "node:os";
import type { FastifyInstance } from "fastify";
import { MODEL_FOLDERS } from "#runtime/engine/model-folders";
import { modelMetadata } from "#runtime/engine/model-metadata";
import { isUmbelError } from "#runtime/errors";
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
    checkFolder(folder);
    return files(folder);
  });
  app.get<{ Params: { folder: string } }>("/view_metadata/:folder", async (request) => {
    const { folder } = request.params;
    checkFolder(folder);
    const { filename = "" } = request.query as Record<string, string | undefined>;
    const { modelFolders } = await handlers["service.info"]({});
    const metadata = found(() => modelMetadata(modelFolders, folder, filename));
    if (Object.keys(metadata).length > 0) return metadata;
    throw new Refusal(404, "not_found", "Expected a file that says something of itself, got none.");
  });
}

function checkFolder(folder: string): void {
  if (MODEL_FOLDERS.includes(folder)) return;
  throw new Refusal(
    404,
    "not_found",
    `Expected one of ${MODEL_FOLDERS.join(", ")}, got ${JSON.stringify(folder)}.`,
  );
}

/** A model that is not there, or cannot be read, is none; its full path is not told. */
function found<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isUmbelError(error)) throw error;
    throw new Refusal(404, "not_found", "Expected a model of that folder, got none.");
  }
}

export function featureFlags(context: ServerContext): Record<string, boolean | number> {
  return { supports_preview_metadata: true, max_upload_size: context.limits.uploadBytes };
}
