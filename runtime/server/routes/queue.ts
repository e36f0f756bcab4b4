/** The queue, interrupting, freeing memory. */
import type { FastifyInstance } from "fastify";
import { isUmbelError } from "#runtime/errors";
import { listOf, objectOf } from "#runtime/graph/comfy/comfy-json";
import type { Json } from "#runtime/graph/json";
import type { ServerContext } from "#runtime/server/context";
import { inTurns } from "#runtime/server/in-turns";
import { queueItem } from "#runtime/server/comfy/queue-item";

const MOST = 10_000;

export function addQueueRoutes(app: FastifyInstance, context: ServerContext): void {
  const { handlers } = context;

  app.get("/queue", async () => {
    const { running, waiting } = await handlers["queue.state"]({ limit: MOST });
    const items = async (jobs: typeof running) => {
      const all = await inTurns(jobs, ({ job }) => queueItem(context, job));
      return all.filter((item) => item !== null);
    };
    return { queue_running: await items(running), queue_pending: await items(waiting) };
  });

  app.post("/queue", async (request, reply) => {
    const body = objectOf(request.body as Json);
    const { waiting } = await handlers["queue.state"]({ limit: MOST });
    const wanted = listOf(body["delete"]);
    if (body["clear"] === true) await handlers["queue.clear"]({});
    else
      for (const { job } of waiting.filter((entry) => wanted.includes(entry.job)))
        await gone(handlers["queue.cancel"]({ job }));
    return reply.code(200).send();
  });

  app.post("/interrupt", async (request, reply) => {
    const asked = objectOf(request.body as Json)["prompt_id"];
    const { running } = await handlers["queue.state"]({ limit: MOST });
    for (const { job } of running)
      if (typeof asked !== "string" || asked === job) await gone(handlers["queue.cancel"]({ job }));
    return reply.code(200).send();
  });

  app.post("/free", async (request, reply) => {
    const body = objectOf(request.body as Json);
    if (body["unload_models"] === true || body["free_memory"] === true)
      await handlers["memory.free"]({});
    return reply.code(200).send();
  });
}

/** A job may have ended between the look and the deed. */
async function gone(deed: Promise<null> | null): Promise<void> {
  try {
    await deed;
  } catch (error) {
    if (!isUmbelError(error) || error.code !== "ERR_INVALID_ARGUMENT") throw error;
  }
}
