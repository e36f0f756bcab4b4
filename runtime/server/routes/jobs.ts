/** GET /jobs and its relatives, which newer clients use in place of the queue and the history. */
import type { FastifyInstance } from "fastify";
import { isUmbelError } from "#runtime/errors";
import { listOf, objectOf } from "#runtime/graph/comfy/comfy-json";
import type { Json } from "#runtime/graph/json";
import type { JobEntry } from "#runtime/protocol/service-values";
import { queueItem } from "#runtime/server/comfy/queue-item";
import { fileReference } from "#runtime/server/comfy/results";
import type { ServerContext } from "#runtime/server/context";
import { Refusal } from "#runtime/server/refusal";
import { listEntries, outputsOfEntry } from "./history.ts";

const STATES: Readonly<Record<JobEntry["state"], string>> = {
  waiting: "pending",
  running: "in_progress",
  done: "completed",
  failed: "failed",
  cancelled: "cancelled",
};
const MOST = 10_000;

export function addJobRoutes(app: FastifyInstance, context: ServerContext): void {
  const { handlers } = context;

  app.get("/jobs", async (request) => {
    const query = request.query as Record<string, string | undefined>;
    const states = query["status"]?.split(",");
    const unknown = states?.find((state) => !Object.values(STATES).includes(state));
    if (unknown !== undefined)
      throw new Refusal(
        400,
        "bad_request",
        `Expected status of ${Object.values(STATES).join(", ")}, got ${unknown}.`,
      );
    const { running, waiting } = await handlers["queue.state"]({ limit: MOST });
    const ended = await listEntries(context, MOST);
    const all = [...running, ...waiting, ...ended].filter(
      (entry) => states === undefined || states.includes(STATES[entry.state]),
    );
    const key =
      query["sort_by"] === "execution_duration" ? duration : (entry: JobEntry) => entry.added;
    const sign = query["sort_order"] === "asc" ? 1 : -1;
    const sorted = all.toSorted((a, b) => sign * (key(a) - key(b)));
    const offset = whole(query["offset"], 0);
    const limit = whole(query["limit"], 100);
    const page = sorted.slice(offset, offset + limit);
    return {
      jobs: page.map(summary),
      pagination: { offset, limit, total: all.length, has_more: offset + page.length < all.length },
    };
  });

  app.get<{ Params: { id: string } }>("/jobs/:id", async ({ params: { id } }) => {
    const entry = await find(context, id);
    const [, , prompt = {}, extra_data = {}] = listOf(await queueItem(context, id));
    return {
      ...summary(entry),
      outputs: outputsOfEntry(entry, objectOf(prompt)),
      execution_status: { status_str: entry.state === "done" ? "success" : entry.state },
      workflow: { prompt, extra_data },
    };
  });

  app.post<{ Params: { id: string } }>("/jobs/:id/cancel", async ({ params: { id } }) => {
    await find(context, id);
    await handlers["queue.cancel"]({ job: id });
    return { cancelled: [id] };
  });

  app.post("/jobs/cancel", async (request) => {
    const ids = listOf(objectOf(request.body as Json)["job_ids"]);
    const { running, waiting } = await handlers["queue.state"]({ limit: MOST });
    const open = [...running, ...waiting].map(({ job }) => job).filter((job) => ids.includes(job));
    for (const job of open) await handlers["queue.cancel"]({ job });
    return { cancelled: open };
  });
}

async function find(context: ServerContext, job: string): Promise<JobEntry> {
  try {
    return await context.handlers["queue.job"]({ job });
  } catch (error) {
    if (!isUmbelError(error) || error.code !== "ERR_INVALID_ARGUMENT") throw error;
    throw new Refusal(404, "not_found", `Expected the id of a job, got ${JSON.stringify(job)}.`);
  }
}

function duration(entry: JobEntry): number {
  return entry.started === null ? 0 : (entry.ended ?? Date.now()) - entry.started;
}

function whole(text: string | undefined, fallback: number): number {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : fallback;
}

function summary(entry: JobEntry): { readonly [key: string]: Json } {
  const [first] = entry.results;
  return {
    id: entry.job,
    status: STATES[entry.state],
    priority: entry.priority,
    create_time: entry.added,
    execution_start_time: entry.started,
    execution_end_time: entry.ended,
    execution_error:
      entry.error === null ? null : { code: entry.error.code, message: entry.error.message },
    outputs_count: entry.results.length,
    previewable_outputs_count: entry.results.length,
    preview_output: first === undefined ? null : { ...fileReference(first), nodeId: first.node },
    workflow_id: null,
  };
}
