/** A runtime client without a runtime, for tests and for work on the window: it keeps everything in memory and runs nothing. */
import { UmbelError } from "#runtime/errors";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { serializeDocument } from "#runtime/graph/serialize";
import { validateDocument } from "#runtime/graph/validate";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { Handlers, Method, Params, Result } from "#runtime/protocol/contract";
import type { NodeDescription } from "#runtime/protocol/node-description";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import {
  DEFAULT_SETTINGS,
  type JournalEntry,
  type Settings,
} from "#runtime/protocol/service-values";
import { FakeQueue } from "./fake-queue.ts";

export interface FakeClient extends RuntimeClient {
  /** Tells the window something, as the service would. */
  emit(event: ServiceEvent): void;
  /** Calls so far, for tests. */
  readonly calls: { readonly method: Method; readonly params: unknown }[];
}

interface FakeOptions {
  readonly nodes: readonly NodeDescription[];
  readonly files?: Readonly<Record<string, readonly string[]>>;
  readonly journal?: readonly JournalEntry[];
  /** Milliseconds a step of a job takes. */
  readonly stepMs?: number;
}

const GIB = 2 ** 30;

export function createFakeClient(options: FakeOptions): FakeClient {
  const listeners = new Set<(event: ServiceEvent) => void>();
  const emit = (event: ServiceEvent) => listeners.forEach((listener) => listener(event));
  const queue = new FakeQueue(emit, options.stepMs ?? 150);
  const journal = new Map((options.journal ?? []).map((entry) => [entry.id, entry]));
  const files: Record<string, string[]> = {};
  for (const [folder, names] of Object.entries(options.files ?? {})) files[folder] = [...names];
  const descriptions = new Map(options.nodes.map((node) => [node.type, node]));
  let settings: Settings = { ...DEFAULT_SETTINGS, modelFolders: ["models"] };
  const document = (job: string): GraphDocument => {
    const found = queue.documents.get(job);
    if (found === undefined)
      throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected a job of this queue, got ${job}.`);
    return found;
  };
  const check = (value: GraphDocument) =>
    validateDocument(value, descriptions, ({ folder }) => (folder ? (files[folder] ?? null) : null))
      .problems as Result<"graph.check">;
  const download = (): never => {
    throw new UmbelError("ERR_INVALID_ARGUMENT", "Expected a network, got a client that pretends.");
  };

  const handlers: Handlers = {
    "service.info": () => ({
      version: "0.1.0",
      device: {
        name: "cpu",
        label: "CPU, pretended",
        totalBytes: 24 * GIB,
        freeBytes: 18 * GIB,
        note: null,
      },
      outputFolder: "output",
      inputFolder: "input",
      modelFolders: settings.modelFolders,
      notices: [],
    }),
    "settings.get": () => settings,
    "settings.set": (change) => {
      settings = { ...settings, ...(change as Partial<Settings>) };
      emit({ type: "settings", settings });
      return settings;
    },
    "nodes.list": () => [...options.nodes],
    "files.list": ({ folder }) => files[folder] ?? [],
    "files.add": ({ name }) => {
      files["input"] = [...(files["input"] ?? []), name];
      return { name };
    },
    "graph.check": ({ document: value }) => check(value),
    "graph.plan": ({ document: value }) => ({
      stages: Object.entries(value.nodes).map(([node, { type, title }]) => ({
        node,
        title: title ?? descriptions.get(type)?.title ?? type,
        peakBytes: 2 * GIB,
        flops: 1e12,
        seconds: null,
      })),
      peakBytes: 6 * GIB,
      flops: 3e13,
      denseFlops: 5e13,
      attentionFlops: 1e13,
      denseAttentionFlops: 3e13,
      secondsPerStep: null,
      seconds: null,
      assumed: [],
    }),
    "graph.mask": ({ width, height, frames, decay, block, temporalFactor }) => {
      const tokensPerFrame = Math.ceil(width / 16) * Math.ceil(height / 16);
      const latentFrames = Math.ceil((frames - 1) / temporalFactor) + 1;
      const tokens = tokensPerFrame * latentFrames;
      const blocks = Math.ceil(tokens / block);
      const kept = new Uint8Array(blocks * blocks);
      for (let row = 0; row < blocks; row++)
        for (let column = 0; column < blocks; column++) {
          const apart = Math.abs(row - column) / Math.max(1, tokensPerFrame / block);
          const near = apart < 1.2 || column < tokensPerFrame / block;
          const ray = (row - column) % Math.max(1, Math.round(apart / Math.max(decay, 0.05))) === 0;
          if (near || ray) kept[row * blocks + column] = 1;
        }
      const density = kept.reduce((sum, one) => sum + one, 0) / kept.length;
      return {
        blocks,
        tokens,
        tokensPerFrame,
        latentFrames,
        kept,
        density,
        attentionShare: density,
        stepFlopShare: null,
        layers: null,
      };
    },
    "graph.open": ({ data }) => ({
      document: parseDocument(new TextDecoder().decode(data)),
      notes: [],
    }),
    "graph.export": ({ document: value }) => ({ text: serializeDocument(value) }),
    "queue.state": () => queue.state,
    "queue.add": (params) => queue.add(params),
    "queue.job": ({ job }) => queue.job(job),
    "queue.origin": ({ job }) => queue.origins.get(job) ?? null,
    "queue.document": ({ job }) => document(job),
    "queue.replace": ({ job, document: value }) => {
      queue.documents.set(job, value);
      return null;
    },
    "queue.move": ({ job, before }) => (queue.move(job, before), null),
    "queue.cancel": ({ job }) => (queue.cancel(job), null),
    "queue.clear": () => (queue.clear(), null),
    "queue.pause": ({ paused }) => (queue.pause(paused), null),
    "history.list": ({ limit }) => queue.history.slice(0, limit),
    "history.document": ({ job }) => document(job),
    "history.remove": ({ jobs }) => {
      const kept = queue.history.filter(({ job }) => !jobs.includes(job));
      queue.history.splice(0, queue.history.length, ...kept);
      return null;
    },
    "results.compare": () => ({ frames: 0, psnr: null, ssim: 1, psnrByFrame: [], ssimByFrame: [] }),
    "models.list": () =>
      Object.entries(files)
        .filter(([folder]) => folder !== "input")
        .flatMap(([folder, names]) =>
          names.map((name) => ({
            folder,
            name,
            path: `models/${folder}/${name}`,
            bytes: GIB,
            family: null,
            kind: null,
            precision: "bf16",
            problem: null,
          })),
        ),
    "models.missing": () => [],
    "models.addFolder": ({ path }) => {
      settings = { ...settings, modelFolders: [...settings.modelFolders, path] };
      return { folders: settings.modelFolders, files: 0 };
    },
    "models.addFile": ({ path, folder, name }) => {
      files[folder] = [...(files[folder] ?? []), name];
      emit({ type: "models" });
      return { path };
    },
    "models.probe": download,
    "models.download": download,
    "models.downloads": () => [],
    "models.control": () => null,
    "journal.write": (entry) => (journal.set(entry.id, entry), null),
    "journal.list": () => [...journal.values()],
    "journal.remove": ({ id }) => (journal.delete(id), null),
    "memory.report": () => ({ usedBytes: 6 * GIB, totalBytes: 24 * GIB, held: [] }),
    "memory.free": () => null,
  };

  const calls: FakeClient["calls"] = [];
  return {
    calls,
    emit,
    async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
      calls.push({ method, params });
      const handler = handlers[method] as (given: unknown) => Promise<Result<M>> | Result<M>;
      return handler(params);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    mediaUrl: ({ place, path }) => `media/${place}/${path}`,
  };
}
