/** A worker with an engine in a process of its own. */
import { totalmem } from "node:os";
import { engineFiles } from "#runtime/engine/engine-files";
import { loadNodes } from "#runtime/engine/node-registry";
import { EngineSupervisor } from "#runtime/engine/supervisor";
import type { GraphDocument } from "#runtime/graph/document";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { ResultStorage } from "#runtime/service/storage/result-storage";
import { connectRedis } from "./connect.ts";
import { RedisWorker } from "./redis-worker.ts";
import { sharedFolders } from "./shared-folders.ts";
import { reasonAgainst } from "./task-fitness.ts";

export interface WorkerOptions {
  readonly url: string;
  /** Without a storage its folders are shared with the server and the other workers. */
  readonly engine: EngineSettings;
  /** Where results are brought to. */
  readonly storage?: ResultStorage | undefined;
  readonly storagePatience?: number;
  /** The engine process's program, for tests. */
  readonly entry?: string;
  readonly lockMilliseconds?: number;
  /** Why a graph is better run elsewhere; by default its nodes, its files and memory for them. */
  readonly reasonAgainst?: (document: GraphDocument) => string | null;
  readonly log?: (line: string) => void;
}

export interface OpenWorker {
  readonly id: string;
  /** Takes no more and waits for what runs. */
  close(): Promise<void>;
  /** Takes no more and gives what runs to the other workers. */
  giveBack(): Promise<void>;
}

/** Throws ERR_INVALID_ARGUMENT without Redis, and what keeps the engine from opening. */
export async function openWorker(options: WorkerOptions): Promise<OpenWorker> {
  const { url, entry, lockMilliseconds, storagePatience, log } = options;
  const engine = sharedFolders(options.engine);
  const registry = await loadNodes(engine.nodes);
  const fitness = (document: GraphDocument) =>
    reasonAgainst(document, registry, engineFiles(engine), engine.memoryBudget ?? totalmem());
  const redis = await connectRedis(url);
  const host = new EngineSupervisor(engine, entry === undefined ? {} : { entry });
  const worker = new RedisWorker({
    redis,
    host,
    folders: engine,
    receiptFolder: engine.receiptFolder,
    reasonAgainst: options.reasonAgainst ?? fitness,
    storage: options.storage,
    ...(storagePatience === undefined ? {} : { storagePatience }),
    ...(lockMilliseconds === undefined ? {} : { lockMilliseconds }),
    ...(log === undefined ? {} : { log }),
  });
  const end = async (how: "close" | "giveBack"): Promise<void> => {
    await worker[how]();
    await host[Symbol.asyncDispose]();
    redis.disconnect();
  };
  try {
    await worker.start();
  } catch (error) {
    await end("close");
    throw error;
  }
  return { id: worker.id, close: () => end("close"), giveBack: () => end("giveBack") };
}
