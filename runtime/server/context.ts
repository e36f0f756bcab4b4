/** What routes work with. */
import { UmbelError } from "#runtime/errors";
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Handlers } from "#runtime/protocol/contract";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { Limits } from "./limits.ts";

/** The calls of the service that routes make. */
const NEEDED = [
  "service.info",
  "nodes.list",
  "files.list",
  "graph.check",
  "queue.state",
  "queue.add",
  "queue.job",
  "queue.document",
  "queue.origin",
  "queue.cancel",
  "queue.clear",
  "history.list",
  "history.remove",
  "memory.free",
] as const;

export type NeededHandlers = Pick<Handlers, (typeof NEEDED)[number]>;

/** Throws ERR_INTERNAL when the service lacks one. */
export function neededHandlers(handlers: Partial<Handlers>): NeededHandlers {
  const missing = NEEDED.filter((method) => handlers[method] === undefined);
  if (missing.length > 0) {
    throw new UmbelError(
      "ERR_INTERNAL",
      `Expected a service with ${missing.join(", ")}, got none.`,
    );
  }
  return handlers as NeededHandlers;
}

/** The part of the runtime service that a server needs. */
export interface ServedService {
  readonly handlers: Partial<Handlers>;
  subscribe(listener: (event: ServiceEvent) => void): () => void;
  /** Brings a result into its folder that lies elsewhere. Throws ERR_STORAGE. */
  bringResult(file: { readonly place: Place; readonly path: string }): Promise<void>;
}

/** Places whose files clients may read. */
export type Place = "output" | "temporary" | "input";

export interface ServerFolders {
  readonly output: string;
  readonly temporary: string;
  readonly input: string;
  /** Settings and workflows of users. */
  readonly userdata: string;
}

export interface ServerContext {
  readonly service: ServedService;
  readonly handlers: NeededHandlers;
  readonly folders: ServerFolders;
  readonly limits: Limits;
  readonly version: string;
  descriptions(): Promise<NodeDescriptions>;
}

/** What a prompt's job carries for its client: runtime/protocol/contract.ts, queue.add's origin. */
export interface PromptOrigin {
  readonly number: number;
  readonly prompt: JsonObject;
  readonly extra_data: JsonObject;
  readonly outputs: readonly string[];
}
