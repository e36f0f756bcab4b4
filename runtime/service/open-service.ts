/**
 * The heart behind every user interface: the queue and its engine, history, journal and settings, as calls and events.
 * It knows neither windows nor sockets.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { loadNodes } from "#runtime/engine/node-registry";
import type { StartEngine } from "#runtime/engine/engine-process";
import { removeReceipt } from "#runtime/engine/receipts";
import { EngineSupervisor } from "#runtime/engine/supervisor";
import { toUmbelError } from "#runtime/errors";
import type { Handlers } from "#runtime/protocol/contract";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type {
  DeviceInfo,
  ServiceInfo,
  Settings,
  SettingsChange,
} from "#runtime/protocol/service-values";
import { openDatabase } from "./database.ts";
import { dispatch, type Answer } from "./dispatch.ts";
import { EngineKeeper, type EngineHost } from "./engine-host.ts";
import { EventHub, type ServiceListener } from "./event-hub.ts";
import { JobHistory } from "./job-history.ts";
import { JobQueue } from "./job-queue.ts";
import { Journal } from "./journal.ts";
import { libraryHandlers } from "#runtime/service/library/handlers";
import { lockFolder } from "./owner-lock.ts";
import { QueueAnnouncer } from "./queue-announcer.ts";
import { queueHandlers } from "./queue-handlers.ts";
import { recordHandlers } from "./record-handlers.ts";
import { recoverJobs } from "./recover.ts";
import { findFile, type FilePlace } from "./result-places.ts";
import { Runner } from "./runner.ts";
import { ServiceSettings } from "./service-settings.ts";

export interface ServiceOptions {
  readonly version: string;
  /** Holds the database and what belongs to it; one service at a time. */
  readonly dataFolder: string;
  /** What the engine is opened with where no setting says otherwise. */
  readonly engine: EngineSettings;
  /** Where downloaded models go; by default the first model folder of `engine`. */
  readonly modelFolder?: string;
  /** How the engine process is started; by default a child process of plain Node. */
  readonly start?: StartEngine;
  /** The engine process's program, for tests. */
  readonly entry?: string;
  /** How often a job is started before it fails because the engine died under it; by default 2. */
  readonly engineAttempts?: number;
}

export interface Service {
  readonly handlers: Partial<Handlers>;
  /** A call as it came over a port or a socket; never rejects. */
  call(method: unknown, params: unknown, signal?: AbortSignal): Promise<Answer>;
  /** Returns a function that ends the subscription. */
  subscribe(listener: ServiceListener): () => void;
  /** Full path of a result or an input file. Throws ERR_FILE for one that is not there or lies outside. */
  findFile(file: { readonly place: FilePlace; readonly path: string }): Promise<string>;
  /** A running job is put back and runs at the next start. */
  close(): Promise<void>;
}

/** Throws ERR_FILE when the data folder cannot be used, belongs to a newer version or to another running service. */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { dataFolder, version, engineAttempts = 2 } = options;
  const lock = lockFolder(dataFolder);
  try {
    const registry = await loadNodes(options.engine.nodes);
    const { database, notice } = openDatabase(join(dataFolder, "umbel.db"));
    const hub = new EventHub();
    const settings = new ServiceSettings(database);
    const queue = new JobQueue(database);
    const history = new JobHistory(database);
    const announcer = new QueueAnnouncer(queue, settings, hub);
    const receiptFolder = join(dataFolder, "receipts");
    const engineSettings = (): EngineSettings => ({
      ...withSettings(options.engine, settings.values),
      receiptFolder,
    });
    const keeper = new EngineKeeper(() => superviseEngine(engineSettings(), options, hub));
    const runner = new Runner({
      database,
      queue,
      history,
      keeper,
      hub,
      announcer,
      paused: () => settings.paused,
      folders: engineSettings,
      settled: (job) => removeReceipt(receiptFolder, job),
      engineAttempts,
    });
    await recoverJobs(queue, history, receiptFolder, engineSettings());
    const { descriptions } = registry;
    const changeSettings = async (change: SettingsChange): Promise<Settings> => {
      const before = JSON.stringify(engineSettings());
      const values = settings.change(change);
      hub.emit({ type: "settings", settings: values });
      if (JSON.stringify(engineSettings()) !== before) await keeper.renew();
      return values;
    };
    const library = libraryHandlers({
      settings: () => settings.values,
      changeSettings,
      engineSettings,
      registry,
      modelFolder: options.modelFolder ?? options.engine.models[0] ?? join(dataFolder, "models"),
      dataFolder,
      emit: (event) => hub.emit(event),
    });
    const handlers: Partial<Handlers> = {
      "service.info": () => describeService(version, engineSettings(), keeper, notice),
      ...queueHandlers({ database, queue, announcer, runner, settings, descriptions }),
      ...recordHandlers({
        database,
        history,
        journal: new Journal(database),
        hub,
        settings,
        changeSettings,
      }),
      ...library,
      "memory.report": () => keeper.current().memory(false),
      "memory.free": async () => {
        await keeper.current().memory(true);
        return null;
      },
    };
    runner.wake();
    return {
      handlers,
      call: (method, params, signal) => dispatch(handlers, method, params, signal),
      subscribe: (listener) => hub.subscribe(listener),
      findFile: ({ place, path }) => findFile(path, [folderOf(place, engineSettings())]),
      close: async () => {
        await library[Symbol.asyncDispose]();
        await runner.close();
        announcer.stop();
        database[Symbol.dispose]();
        lock[Symbol.dispose]();
        await rm(options.engine.temporaryFolder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

function superviseEngine(
  settings: EngineSettings,
  { start, entry }: ServiceOptions,
  hub: EventHub,
): EngineHost {
  return new EngineSupervisor(settings, {
    ...(start === undefined ? {} : { start }),
    ...(entry === undefined ? {} : { entry }),
    onRestart: (reason) => hub.emit({ type: "engine_restarted", reason }),
  });
}

function withSettings(engine: EngineSettings, settings: Settings): EngineSettings {
  const { device, modelFolders, outputFolder, memoryBudgetBytes } = settings;
  return {
    ...engine,
    device: device === "auto" ? engine.device : device,
    models: [...modelFolders, ...engine.models],
    outputFolder: outputFolder ?? engine.outputFolder,
    ...(memoryBudgetBytes === null ? {} : { memoryBudget: memoryBudgetBytes }),
  };
}

async function describeService(
  version: string,
  { outputFolder, inputFolder, models }: EngineSettings,
  keeper: EngineKeeper,
  notice: string | null,
): Promise<ServiceInfo> {
  return {
    version,
    device: await deviceOf(keeper),
    outputFolder,
    inputFolder,
    modelFolders: [...models],
    notices: notice === null ? [] : [notice],
  };
}

/** A service without an engine still edits graphs: why there is none stands in the note. */
async function deviceOf(keeper: EngineKeeper): Promise<DeviceInfo> {
  try {
    return await keeper.current().device();
  } catch (error) {
    const note = toUmbelError(error).message;
    return { name: "none", label: "No device", totalBytes: 0, freeBytes: 0, note };
  }
}

function folderOf(place: FilePlace, engine: EngineSettings): string {
  switch (place) {
    case "output":
      return engine.outputFolder;
    case "temporary":
      return engine.temporaryFolder;
    case "input":
      return engine.inputFolder;
  }
}
