/** Which client asked for a job, and the classes of its nodes: where its events go and what they say. */
import { objectOf, textOf, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { NeededHandlers } from "./context.ts";

const MOST = 10_000;

interface Claim {
  /** null: everybody is told. */
  readonly client: string | null;
  readonly prompt: JsonObject;
}

export class JobClients {
  readonly #claims = new Map<string, Claim>();

  claim(job: string, client: string | null, prompt: JsonObject): void {
    this.#claims.set(job, { client, prompt });
  }

  forget(job: string): void {
    this.#claims.delete(job);
  }

  clientOf(job: string): string | null {
    return this.#claims.get(job)?.client ?? null;
  }

  typeOf(job: string, node: string): string {
    return textOf(objectOf(this.#claims.get(job)?.prompt[node])["class_type"]);
  }

  /** Jobs that were waiting when the server started. */
  async restore(handlers: NeededHandlers): Promise<void> {
    const { running, waiting } = await handlers["queue.state"]({ limit: MOST });
    for (const { job } of [...running, ...waiting]) {
      const origin = objectOf(await handlers["queue.origin"]({ job }));
      const client = objectOf(origin["extra_data"])["client_id"];
      if ("prompt" in origin)
        this.claim(job, typeof client === "string" ? client : null, objectOf(origin["prompt"]));
    }
  }
}
