/** A job as ComfyUI's queue and history list it: [number, id, prompt, extra_data, outputs]. */
import { isUmbelError } from "#runtime/errors";
import { objectOf } from "#runtime/graph/comfy/comfy-json";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { exportPrompt } from "#runtime/graph/comfy/export-prompt";
import type { Json } from "#runtime/graph/json";
import type { ServerContext } from "#runtime/server/context";
import { outputsOf } from "./prompt.ts";

/** Null when the job was removed meanwhile. */
export async function queueItem(context: ServerContext, job: string): Promise<Json> {
  try {
    return await itemOf(context, job);
  } catch (error) {
    if (isUmbelError(error) && error.code === "ERR_INVALID_ARGUMENT") return null;
    throw error;
  }
}

async function itemOf(context: ServerContext, job: string): Promise<Json> {
  const { handlers } = context;
  const origin = objectOf(await handlers["queue.origin"]({ job }));
  if ("prompt" in origin)
    return [
      origin["number"] ?? 0,
      job,
      objectOf(origin["prompt"]),
      objectOf(origin["extra_data"]),
      origin["outputs"] ?? [],
    ];
  // It came from the editor.
  const descriptions = await context.descriptions();
  const document = await handlers["queue.document"]({ job });
  const prompt = exportPrompt(document, descriptionFacts(descriptions));
  return [0, job, prompt, {}, [...outputsOf(prompt, descriptions, null).keys()]];
}
