/** What the service keeps and runs: the queue and its engine, history, journal and settings. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { StartEngine } from "#runtime/engine/engine-process";
import { loadNodes, type NodeRegistry } from "#runtime/engine/node-registry";
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
import { openDatabase, type Database } from "./database.ts";
import { EngineKeeper, nameDevice, type EngineHost } from "./engine-host.ts";
import { EventHub } from "./event-hub.ts";
import { JobHistory } from "./job-history.ts";
import { JobQueue } from "./job-queue.ts";
import { Journal } from "./journal.ts";
import { lockFolder } from "./owner-lock.ts";
import { QueueAnnouncer } from "./queue-announcer.ts";
import { queueHandlers } from "./queue-handlers.ts";
import { recordHandlers } from "./record-handlers.ts";
import { recoverJobs } from "./recover.ts";
import { Runner } from "./runner.ts";
import { ServiceSettings } from "./service-settings.ts";

export interface CoreOptions {
  readonly version: string;
  /** Holds the database and what belongs to it; one service at a time. */
  readonly dataFolder: string;
  /** What the engine is opened with where no setting says otherwise. */
  readonly engine: EngineSettings;
  /** How the engine process is started; by default a child process of plain Node. */
  readonly start?: StartEngine;
  /** The engine process's program, for tests. */
  readonly entry?: string;
  /** Another engine than one in a process of this machine. `wake` tells that it takes more jobs than before. */
  readonly openHost?: (settings: EngineSettings, wake: () => void) => EngineHost;
  /** How often a job is started before it fails because the engine died under it; by default 2. */
  readonly engineAttempts?: number;
}

type CoreMethod = Extract<
  keyof Handlers,
  `service.${string}` | `settings.${string}` | `journal.${string}` | `memory.${string}`
>;
type JobMethod = Extract<keyof Handlers, `queue.${string}` | `history.${string}`>;

export interface ServiceCore {
  readonly handlers: Pick<Handlers, CoreMethod | JobMethod>;
  readonly hub: EventHub;
  readonly database: Database;
  readonly registry: NodeRegistry;
  readonly settings: () => Settings;
  /** Saves it, tells clients and, when that is due, opens the engine anew. */
  readonly changeSettings: (change: SettingsChange) => Promise<Settings>;
  /** As the next engine is opened. */
  readonly engineSettings: () => EngineSettings;
  /** The engine's device as the history names it; null without an engine. */
  readonly deviceName: () => Promise<string | null>;
  /** A running job is put back and runs at the next start. */
  close(): Promise<void>;
}

/** Throws ERR_FILE when the data folder cannot be used, belongs to a newer version or to another running service. */
export async function openCore(options: CoreOptions): Promise<ServiceCore> {
  const lock = lockFolder(options.dataFolder);
  try {
    const { database, notice } = openDatabase(join(options.dataFolder, "umbel.db"));
    try {
      const core = await buildCore(options, database, notice);
      return {
        ...core,
        close: async () => {
          await core.close();
          database[Symbol.dispose]();
          lock[Symbol.dispose]();
          await rm(options.engine.temporaryFolder, { recursive: true, force: true });
        },
      };
    } catch (error) {
      database[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function buildCore(
  options: CoreOptions,
  database: Database,
  notice: string | null,
): Promise<ServiceCore> {
  const registry = await loadNodes(options.engine.nodes);
  const hub = new EventHub();
  const settings = new ServiceSettings(database);
  const queue = new JobQueue(database);
  const history = new JobHistory(database);
  const announcer = new QueueAnnouncer(queue, settings, hub);
  const receiptFolder = join(options.dataFolder, "receipts");
  const engineSettings = (): EngineSettings => ({
    ...withSettings(options.engine, settings.values),
    receiptFolder,
  });
  const keeper = new EngineKeeper(
    () =>
      options.openHost?.(engineSettings(), () => runner.wake()) ??
      superviseEngine(engineSettings(), options, hub),
  );
  const runner: Runner = new Runner({
    database,
    queue,
    history,
    keeper,
    hub,
    announcer,
    receiptFolder,
    paused: () => settings.paused,
    folders: engineSettings,
    engineAttempts: options.engineAttempts ?? 2,
  });
  const changeSettings = async (change: SettingsChange): Promise<Settings> => {
    const before = JSON.stringify(engineSettings());
    const values = settings.change(change);
    hub.emit({ type: "settings", settings: values });
    if (JSON.stringify(engineSettings()) !== before) await keeper.renew();
    return values;
  };
  const cancelled = await recoverJobs(queue, history, receiptFolder, engineSettings());
  for (const job of cancelled) keeper.current().cancel(job);
  runner.wake();
  const { descriptions } = registry;
  const journal = new Journal(database);
  return {
    handlers: {
      "service.info": () => describeService(options.version, engineSettings(), keeper, notice),
      ...queueHandlers({ database, queue, announcer, runner, settings, descriptions }),
      ...recordHandlers({ database, history, journal, hub, settings, changeSettings }),
      "memory.report": () => keeper.current().memory(false),
      "memory.free": async () => {
        await keeper.current().memory(true);
        return null;
      },
    },
    hub,
    database,
    registry,
    settings: () => settings.values,
    changeSettings,
    engineSettings,
    deviceName: () => nameDevice(keeper.current()).catch(() => null),
    close: async () => {
      await runner.close();
      announcer.stop();
    },
  };
}

function superviseEngine(
  settings: EngineSettings,
  { start, entry }: CoreOptions,
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
