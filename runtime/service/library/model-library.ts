/**
 * The models that there are. Listing and reading headers happen in a thread; a list does not wait for thousands of
 * headers: what is read later is told by an event.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ListedFile, ModelFacts } from "#runtime/engine/model-listing";
import type { ModelFile } from "#runtime/protocol/service-values";
import type { LibraryContext } from "./context.ts";
import type { TaskThread } from "./task-thread.ts";

/** Raised when what is told of a file changes. */
const FACTS_VERSION = 1;
const PATIENCE_MS = 1500;
const EVENT_MS = 1000;
const BATCH = 16;

const factsFile = z.object({
  version: z.literal(FACTS_VERSION),
  files: z.record(
    z.string(),
    z.object({
      stamp: z.string(),
      facts: z.object({
        bytes: z.number().nullable(),
        family: z.string().nullable(),
        kind: z
          .enum(["diffusion", "vae", "text-encoder", "clip-vision", "checkpoint", "lora"])
          .nullable(),
        precision: z.string().nullable(),
        problem: z.string().nullable(),
      }),
    }),
  ),
});

export class ModelLibrary {
  readonly #context: LibraryContext;
  readonly #thread: TaskThread;
  readonly #ending = new AbortController();
  #known: Map<string, { stamp: string; facts: ModelFacts }> | null = null;
  #reading: Promise<void> | null = null;
  #wanted: readonly ListedFile[] = [];

  constructor(context: LibraryContext, thread: TaskThread) {
    this.#context = context;
    this.#thread = thread;
  }

  /** Families and precisions of files that were not read yet are null. */
  async list(): Promise<ModelFile[]> {
    const known = (this.#known ??= await this.#load());
    const { models } = this.#context.engineSettings();
    const files = await this.#thread.run("list", models, this.#ending.signal);
    this.#wanted = files.filter(({ path, stamp }) => known.get(path)?.stamp !== stamp);
    if (this.#wanted.length > 0) {
      this.#reading ??= this.#read(known).finally(() => (this.#reading = null));
      await patiently(this.#reading);
    }
    return files.map(({ folder, name, path, bytes, stamp }) => {
      const entry = known.get(path);
      const facts = entry?.stamp === stamp ? entry.facts : UNREAD;
      return { folder, name, path, ...facts, bytes: facts.bytes ?? bytes };
    });
  }

  end(): void {
    this.#ending.abort();
  }

  async #read(known: Map<string, { stamp: string; facts: ModelFacts }>): Promise<void> {
    const start = Date.now();
    let told = start + PATIENCE_MS;
    while (this.#wanted.length > 0 && !this.#ending.signal.aborted) {
      const files = this.#wanted.slice(0, BATCH);
      const paths = files.map(({ path }) => path);
      const facts = await this.#thread.run("inspect", paths, this.#ending.signal);
      files.forEach(({ path, stamp }, i) => {
        const found = facts[i];
        if (found !== undefined) known.set(path, { stamp, facts: found });
      });
      this.#wanted = this.#wanted.filter(({ path, stamp }) => known.get(path)?.stamp !== stamp);
      if (Date.now() - told < EVENT_MS) continue;
      told = Date.now();
      this.#context.emit({ type: "models" });
    }
    await this.#save(known);
    if (Date.now() - start > PATIENCE_MS) this.#context.emit({ type: "models" });
  }

  get #path(): string {
    return join(this.#context.dataFolder, "model-facts.json");
  }

  /** Facts are read again when they are lost. */
  async #load(): Promise<Map<string, { stamp: string; facts: ModelFacts }>> {
    try {
      const { files } = factsFile.parse(JSON.parse(await readFile(this.#path, "utf8")));
      return new Map(Object.entries(files));
    } catch {
      return new Map();
    }
  }

  async #save(known: ReadonlyMap<string, { stamp: string; facts: ModelFacts }>): Promise<void> {
    const temporary = `${this.#path}.${process.pid}.tmp`;
    const text = JSON.stringify({ version: FACTS_VERSION, files: Object.fromEntries(known) });
    try {
      await writeFile(temporary, text);
      await rename(temporary, this.#path);
    } catch {
      // Only time is lost.
    }
  }
}

const UNREAD: ModelFacts = {
  bytes: null,
  family: null,
  kind: null,
  precision: null,
  problem: null,
};

/** Waits for a promise, but not for long; its failure counts when it comes in time. */
async function patiently(promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  promise.catch(() => undefined);
  await Promise.race([promise, patience]);
  clearTimeout(timer);
}
