/** The heart behind every user interface, as calls and events. It knows neither windows nor sockets. */
import { join } from "node:path";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import type { Handlers } from "#runtime/protocol/contract";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import { containedPath } from "#runtime/service/library/contained-path";
import { libraryHandlers } from "#runtime/service/library/handlers";
import type { DownloadRule } from "#runtime/service/library/web-access";
import { dispatch, type Answer } from "./dispatch.ts";
import type { ServiceListener } from "./event-hub.ts";
import { openCore, type CoreOptions } from "./open-core.ts";
import { PlanTimes } from "./plan-times.ts";
import { ResultFetcher } from "./result-fetcher.ts";
import type { FilePlace } from "./result-places.ts";
import type { ResultStorage } from "./storage/result-storage.ts";

export interface ServiceOptions extends CoreOptions {
  /** Where downloaded models go; by default the first model folder of `engine` that is not the bundled one. */
  readonly modelFolder?: string;
  /** Where models may be fetched from; by default public https hosts. */
  readonly downloads?: DownloadRule;
  /** Where results are that are not in their folder yet. */
  readonly storage?: ResultStorage | undefined;
  /** Entry of the threads in which plans are made and files are read, for tests. */
  readonly threadEntry?: URL;
}

export interface Service {
  readonly handlers: Handlers;
  /** A call as it came over a port or a socket; never rejects. */
  call(method: unknown, params: unknown, signal?: AbortSignal): Promise<Answer>;
  /** Returns a function that ends the subscription. */
  subscribe(listener: ServiceListener): () => void;
  /** Brings a result into its folder that lies elsewhere; whether there is one is not told. Throws ERR_STORAGE. */
  bringResult(file: { readonly place: FilePlace; readonly path: string }): Promise<void>;
  /** Full path of a result or an input file. Throws ERR_FILE for one that is not there or lies outside. */
  findFile(file: { readonly place: FilePlace; readonly path: string }): Promise<string>;
  /** A running job is put back and runs at the next start. */
  close(): Promise<void>;
}

/** Throws ERR_FILE when the data folder cannot be used, belongs to a newer version or to another running service. */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { dataFolder } = options;
  const modelFolder =
    options.modelFolder ?? ownModels(options.engine) ?? join(dataFolder, "models");
  const engine = withModels(options.engine, modelFolder);
  const core = await openCore({ ...options, engine });
  const { hub, registry, engineSettings } = core;
  const times = new PlanTimes(core.database);
  const fetcher = new ResultFetcher(options.storage ?? null, (place) =>
    foldersOf(place, engineSettings(), engine),
  );
  const findFile: Service["findFile"] = async (file) => {
    await fetcher.bring(file);
    return containedPath(foldersOf(file.place, engineSettings(), engine), file.path);
  };
  const library = libraryHandlers({
    settings: core.settings,
    changeSettings: core.changeSettings,
    engineSettings,
    findResult: findFile,
    registry,
    modelFolder,
    dataFolder,
    emit: (event) => hub.emit(event),
    downloads: options.downloads ?? { hosts: [] },
    ...(options.threadEntry === undefined ? {} : { threadEntry: options.threadEntry }),
    withTimes: async (report, stages) => {
      const device = await core.deviceName();
      return device === null ? report : times.fill(report, stages, device);
    },
  });
  const handlers: Handlers = { ...core.handlers, ...library };
  return {
    handlers,
    call: (method, params, signal) => dispatch(handlers, method, params, signal),
    subscribe: (listener) => hub.subscribe(listener),
    bringResult: (file) => fetcher.bring(file),
    findFile,
    close: async () => {
      await library[Symbol.asyncDispose]();
      await core.close();
    },
  };
}

/** What ships with Umbel is not written to. */
function ownModels({ models }: EngineSettings): string | undefined {
  return models.find((folder) => folder !== BUNDLED_MODELS);
}

function withModels(engine: EngineSettings, folder: string): EngineSettings {
  if (engine.models.includes(folder)) return engine;
  return { ...engine, models: [folder, ...engine.models] };
}

/** Results of before the output folder was set lie in the one of before. */
function foldersOf(place: FilePlace, now: EngineSettings, initial: EngineSettings): string[] {
  switch (place) {
    case "output":
      return [now.outputFolder, initial.outputFolder];
    case "temporary":
      return [now.temporaryFolder];
    case "input":
      return [now.inputFolder];
  }
}
