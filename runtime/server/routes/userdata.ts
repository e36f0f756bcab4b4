/** Files and settings of the one user. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { objectOf } from "#runtime/graph/comfy/comfy-json";
import { isObject, type Json } from "#runtime/graph/json";
import type { ServerContext } from "#runtime/server/context";
import { Refusal } from "#runtime/server/refusal";
import { UserData, type UserFile } from "#runtime/server/userdata";

const SETTINGS = "comfy.settings.json";

type Query = Record<string, string | undefined>;

export function addUserdataRoutes(app: FastifyInstance, context: ServerContext): void {
  const data = new UserData(context.folders.userdata, context.limits);

  app.get("/users", async () => ({ storage: "server", migrated: true }));

  app.get("/userdata", async (request) => {
    const { dir = "", recurse, full_info, split } = request.query as Query;
    const files = await data.list(dir.replace(/\/+$/, ""), recurse === "true");
    if (full_info === "true") return files;
    const names = files.map((file) => file.path);
    return split === "true" ? names.map((name) => [name, ...name.split("/")]) : names;
  });

  app.get("/v2/userdata", async (request) => {
    const { path = "" } = request.query as Query;
    const files = await data.list(path.replace(/\/+$/, ""), false);
    return files.map((file) => ({
      name: file.path.slice(file.path.lastIndexOf("/") + 1),
      path: path === "" ? file.path : `${path}/${file.path}`,
      type: "file",
      size: file.size,
      modified: file.modified / 1000,
    }));
  });

  app.get<{ Params: { file: string } }>("/userdata/:file", async ({ params }, reply) => {
    const bytes = await data.read(params.file);
    return plainFile(reply).send(bytes);
  });

  app.post<{ Params: { file: string } }>("/userdata/:file", async (request) => {
    const { overwrite, full_info } = request.query as Query;
    const file = await data.write(request.params.file, bodyOf(request), overwrite !== "false");
    return full_info === "true" ? { ...file } : file.path;
  });

  app.delete<{ Params: { file: string } }>("/userdata/:file", async ({ params }, reply) => {
    await data.remove(params.file);
    return reply.code(204).send();
  });

  app.post<{ Params: { file: string; dest: string } }>(
    "/userdata/:file/move/:dest",
    async (request) => {
      const { overwrite, full_info } = request.query as Query;
      const { file: from, dest } = request.params;
      const file: UserFile = await data.move(from, dest, overwrite !== "false");
      return full_info === "true" ? { ...file } : file.path;
    },
  );

  app.get("/settings", async () => data.readJson(SETTINGS));
  app.get<{ Params: { id: string } }>(
    "/settings/:id",
    async ({ params: { id } }) => own(await data.readJson(SETTINGS), id) ?? null,
  );
  app.post("/settings", async (request, reply) => {
    if (!isObject(request.body as Json))
      throw new Refusal(400, "bad_request", "Expected settings as a JSON object.");
    await change(objectOf(request.body as Json));
    return reply.code(200).send();
  });
  app.post<{ Params: { id: string } }>("/settings/:id", async (request, reply) => {
    await change({ [request.params.id]: request.body as Json });
    return reply.code(200).send();
  });

  async function change(values: Readonly<Record<string, Json>>): Promise<void> {
    const settings = { ...(await data.readJson(SETTINGS)), ...values };
    await data.write(SETTINGS, Buffer.from(JSON.stringify(settings, null, 2)), true);
  }
}

function own(values: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function bodyOf(request: FastifyRequest): Buffer {
  const { body } = request;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(body === undefined ? "" : JSON.stringify(body));
}

/** Whatever it holds, it is shown as bytes. */
function plainFile(reply: FastifyReply): FastifyReply {
  return reply
    .header("content-type", "application/octet-stream")
    .header("x-content-type-options", "nosniff")
    .header("content-security-policy", "sandbox; default-src 'none'");
}
