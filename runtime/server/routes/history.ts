/** What has run. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { listOf, objectOf, textOf, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Json } from "#runtime/graph/json";
import type { JobEntry } from "#runtime/protocol/service-values";
import { queueItem } from "#runtime/server/comfy/queue-item";
import { nodeOutput, shownTexts, timestamp } from "#runtime/server/comfy/results";
import type { ServerContext } from "#runtime/server/context";
import { inTurns } from "#runtime/server/in-turns";

const PAGE = 100;
const MOST = 10_000;

export function addHistoryRoutes(app: FastifyInstance, context: ServerContext): void {
  const { handlers } = context;

  app.get("/history", async (request) => {
    const query = request.query as Record<string, string | undefined>;
    const most = count(query["max_items"]) ?? MOST;
    const offset = count(query["offset"]);
    // Oldest first, as ComfyUI's dictionary of what it ran; an offset counts from there, without one come the newest.
    const inOrder = (await listEntries(context, offset === null ? most : MOST)).toReversed();
    const chosen = offset === null ? inOrder : inOrder.slice(offset, offset + most);
    const items = await inTurns(chosen, async (entry) => {
      const item = await historyItem(context, entry);
      return item === null ? [] : [[entry.job, item] as const];
    });
    return Object.fromEntries(items.flat());
  });

  app.get<{ Params: { id: string } }>("/history/:id", async ({ params: { id } }) => {
    const [entry] = await handlers["history.list"]({ limit: 1, job: id });
    const item = entry === undefined ? null : await historyItem(context, entry);
    return item === null ? {} : { [id]: item };
  });

  app.post("/history", async (request, reply) => {
    const body = objectOf(request.body as Json);
    const jobs =
      body["clear"] === true
        ? (await listEntries(context, MOST)).map((entry) => entry.job)
        : listOf(body["delete"]).filter((id) => typeof id === "string");
    if (jobs.length > 0) await handlers["history.remove"]({ jobs });
    return reply.code(200).send();
  });
}

function count(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

/** Newest first. */
export async function listEntries(context: ServerContext, most: number): Promise<JobEntry[]> {
  const entries: JobEntry[] = [];
  while (entries.length < most) {
    const before = entries.at(-1)?.ended;
    const page = await context.handlers["history.list"]({
      limit: Math.min(PAGE, most - entries.length),
      ...(typeof before === "number" ? { before } : {}),
    });
    entries.push(...page);
    if (page.length < PAGE) break;
    await nextTurn();
  }
  return entries;
}

/** The outputs of a job by node. */
export function outputsOfEntry(entry: JobEntry, prompt: JsonObject): JsonObject {
  const nodes = new Set([...entry.results, ...entry.shown].map((result) => result.node));
  return Object.fromEntries(
    [...nodes].map((node) => {
      const files = entry.results.filter((result) => result.node === node);
      const texts = entry.shown
        .filter((shown) => shown.node === node)
        .flatMap(({ value }) => shownTexts(value));
      return [node, nodeOutput(textOf(objectOf(prompt[node])["class_type"]), { files, texts })];
    }),
  );
}

/** Null when it was removed meanwhile. */
async function historyItem(context: ServerContext, entry: JobEntry): Promise<JsonObject | null> {
  const item = await queueItem(context, entry.job);
  if (item === null) return null;
  const prompt = listOf(item);
  const outputs = outputsOfEntry(entry, objectOf(prompt[2]));
  const meta = Object.keys(outputs).map((node) => [
    node,
    { node_id: node, display_node: node, parent_node: null, real_node_id: node },
  ]);
  return {
    prompt,
    outputs,
    status: {
      status_str: entry.state === "done" ? "success" : "error",
      completed: entry.state === "done",
      messages: messagesOf(entry),
    },
    meta: Object.fromEntries(meta) as JsonObject,
  };
}

function messagesOf(entry: JobEntry): Json {
  const prompt_id = entry.job;
  const started = entry.started ?? entry.added;
  const ended = timestamp(entry.ended ?? started);
  const cached = entry.nodes.filter((node) => node.cached).map((node) => node.node);
  const head: Json[] = [
    ["execution_start", { prompt_id, timestamp: timestamp(started) }],
    ["execution_cached", { nodes: cached, prompt_id, timestamp: timestamp(started) }],
  ];
  switch (entry.state) {
    case "done":
      return [...head, ["execution_success", { prompt_id, timestamp: ended }]];
    case "cancelled":
      return [
        ...head,
        ["execution_interrupted", { prompt_id, node_id: null, executed: [], timestamp: ended }],
      ];
    default:
      return [
        ...head,
        [
          "execution_error",
          {
            prompt_id,
            node_id: entry.error?.nodeId ?? null,
            exception_message: entry.error?.message ?? "",
            exception_type: entry.error?.code ?? "",
            traceback: [],
            timestamp: ended,
          },
        ],
      ];
  }
}
