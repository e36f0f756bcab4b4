/** A service over a fake engine process, and what it has told. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, vi } from "vitest";
import type { Method, Params, Result } from "#runtime/protocol/contract";
import type { GraphDocument } from "#runtime/graph/document";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { JobEntry } from "#runtime/protocol/service-values";
import { openService, type Service, type ServiceOptions } from "#runtime/service/open-service";
import { ROOT, scratchFolder } from "./umbel-process.ts";

export const FAKE_ENGINE = join(ROOT, "test/fixtures/service/fake-engine.js");

/** What the fake engine does with a job. */
export interface Work {
  readonly milliseconds?: number;
  readonly act?: "finish" | "fail" | "die";
  readonly seed?: number;
  /** What a worker must have. */
  readonly needs?: string;
}

export function workDocument(work: Work = {}): GraphDocument {
  return {
    umbel: 1,
    title: "Work",
    nodes: { work: { type: "Work", values: { ...work } } },
    links: [],
  };
}

export interface FakeService {
  readonly service: Service;
  readonly events: ServiceEvent[];
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>;
  /** Adds one job and returns its id. */
  add(work?: Work, more?: Partial<Params<"queue.add">>): Promise<string>;
  /** Resolves when the job is in the history. */
  ended(job: string): Promise<JobEntry>;
  /** Ids of the jobs that the engine has finished, in order. */
  finished(): string[];
}

const open = new Set<Service>();
afterEach(async () => {
  for (const service of open) await service.close();
  open.clear();
});

export function fakeSettings(folder: string): EngineSettings {
  return {
    device: "null",
    models: [],
    nodes: [],
    inputFolder: join(folder, "input"),
    outputFolder: join(folder, "output"),
    temporaryFolder: join(folder, "temporary"),
  };
}

export async function fakeService(
  folder = scratchFolder(),
  options: Partial<ServiceOptions> = {},
): Promise<FakeService> {
  const service = await openService({
    version: "1.2.3",
    dataFolder: join(folder, "data"),
    engine: fakeSettings(folder),
    entry: FAKE_ENGINE,
    threadEntry: pathToFileURL(join(ROOT, "dist/runtime/service/library/thread-entry.js")),
    ...options,
  });
  open.add(service);
  const events: ServiceEvent[] = [];
  service.subscribe((event) => events.push(event));
  const call: FakeService["call"] = async (method, params) => {
    const answer = await service.call(method, params);
    if (!answer.ok) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.result as never;
  };
  return {
    service,
    events,
    call,
    add: async (work, more) => {
      const { jobs } = await call("queue.add", { document: workDocument(work), ...more });
      return jobs[0] ?? "";
    },
    ended: (job) =>
      vi.waitFor(
        async () => {
          const [entry] = await call("history.list", { limit: 1, job });
          expect(entry).toBeDefined();
          return entry as JobEntry;
        },
        { timeout: 15_000, interval: 10 },
      ),
    finished: () => finishedJobs(join(folder, "output")),
  };
}

export function finishedJobs(outputFolder: string): string[] {
  try {
    const lines = readFileSync(join(outputFolder, "log.txt"), "utf8").split("\n");
    return lines.flatMap((line) => (line.endsWith(" done") ? [line.slice(0, -5)] : []));
  } catch {
    return [];
  }
}

/** Closes it as at the end of the program. */
export async function closeService({ service }: FakeService): Promise<void> {
  open.delete(service);
  await service.close();
}
