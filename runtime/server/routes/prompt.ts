/** POST /prompt: a graph in API format goes into the queue. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { isJsonObject, objectOf, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { importPrompt } from "#runtime/graph/comfy/import-prompt";
import type { GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import {
  error,
  isFatal,
  nodeErrors,
  promptError,
  type PromptError,
} from "#runtime/server/comfy/node-errors";
import { coercePrompt, malformed, outputsOf, partOf } from "#runtime/server/comfy/prompt";
import type { PromptOrigin, ServerContext } from "#runtime/server/context";
import { Refusal } from "#runtime/server/refusal";
import { checkSize } from "#runtime/server/prompt-size";

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function addPromptRoutes(app: FastifyInstance, context: ServerContext): void {
  let counter = 0;
  app.get("/prompt", async () => {
    const { running, waitingCount } = await context.handlers["queue.state"]({ limit: 0 });
    return { exec_info: { queue_remaining: running.length + waitingCount } };
  });

  app.post("/prompt", async (request, reply) => {
    const body = objectOf(request.body as Json);
    const { waitingCount } = await context.handlers["queue.state"]({ limit: 0 });
    if (waitingCount >= context.limits.queue)
      throw new Refusal(
        429,
        "queue_full",
        `Expected a queue of at most ${context.limits.queue} jobs, got ${waitingCount}. Try again later.`,
      );
    const found = await readPrompt(body, context);
    if ("error" in found) return reply.code(400).send(found);
    const number = typeof body["number"] === "number" ? body["number"] : ++counter;
    const front = body["front"] === true;
    const client = typeof body["client_id"] === "string" ? body["client_id"] : null;
    const extra_data: JsonObject = {
      ...objectOf(body["extra_data"]),
      ...(client === null ? {} : { client_id: client }),
      create_time: Date.now(),
    };
    const origin: PromptOrigin = {
      number: front ? -number : number,
      prompt: found.prompt,
      extra_data,
      outputs: found.outputs,
    };
    await context.handlers["queue.add"]({
      document: found.document,
      first: front || number < 0,
      job: found.id,
      origin: { ...origin },
    });
    return { prompt_id: found.id, number: origin.number, node_errors: found.node_errors };
  });
}

interface Accepted {
  readonly id: string;
  readonly prompt: JsonObject;
  readonly document: GraphDocument;
  readonly outputs: readonly string[];
  readonly node_errors: JsonObject;
}

interface Refused {
  readonly error: PromptError;
  readonly node_errors: JsonObject;
}

async function readPrompt(body: JsonObject, context: ServerContext): Promise<Accepted | Refused> {
  const id = body["prompt_id"] ?? randomUUID();
  if (typeof id !== "string" || !CANONICAL_UUID.test(id))
    return refused(
      error("invalid_prompt_id", "Expected prompt_id as a lower-case UUID", JSON.stringify(id)),
    );
  if (!isJsonObject(body["prompt"])) {
    const message = "No prompt provided";
    return refused(error("no_prompt", message, message));
  }
  const given = body["prompt"];
  const broken = malformed(given) ?? checkSize(given, context.limits);
  if (broken !== null) return refused(broken);
  const descriptions = await context.descriptions();
  const prompt = coercePrompt(given, descriptions);
  const targets = body["partial_execution_targets"];
  const outputs = outputsOf(
    prompt,
    descriptions,
    Array.isArray(targets) ? targets.filter((target) => typeof target === "string") : null,
  );
  const facts = descriptionFacts(descriptions);
  const problems = await context.handlers["graph.check"]({
    document: importPrompt(prompt, facts).document,
  });
  const fatal = promptError(problems, prompt);
  if (fatal !== null) return refused(fatal);
  if (outputs.size === 0) return refused(error("prompt_no_outputs", "Prompt has no outputs", ""));

  const bad = new Set(problems.filter(isFatal).map(({ node }) => node ?? ""));
  const valid = [...outputs].filter(([, needed]) => [...needed].every((node) => !bad.has(node)));
  const node_errors = errorsOf(problems, prompt, descriptions, outputs);
  if (valid.length === 0) {
    const details = Object.values(node_errors)
      .flatMap((node) => node.errors)
      .map(({ message, details: where }) => `${message}: ${where}`);
    return {
      error: error(
        "prompt_outputs_failed_validation",
        "Prompt outputs failed validation",
        details.join("\n"),
      ),
      node_errors,
    };
  }
  const kept = new Set(valid.flatMap(([, needed]) => [...needed]));
  const { document } = importPrompt(partOf(prompt, kept), facts);
  return { id, prompt: given, document, outputs: valid.map(([output]) => output), node_errors };
}

function errorsOf(
  problems: Parameters<typeof nodeErrors>[0],
  prompt: JsonObject,
  descriptions: NodeDescriptions,
  outputs: ReadonlyMap<string, ReadonlySet<string>>,
): ReturnType<typeof nodeErrors> {
  const reached = new Set([...outputs.values()].flatMap((needed) => [...needed]));
  const relevant = problems.filter(({ node }) => node !== undefined && reached.has(node));
  return nodeErrors(relevant, prompt, descriptions, (id) =>
    [...outputs].filter(([, needed]) => needed.has(id)).map(([output]) => output),
  );
}

function refused(reason: PromptError): Refused {
  return { error: reason, node_errors: {} };
}
