import type { NodeRegistry } from "#runtime/engine/node-registry";
import type { NodeReport } from "#runtime/protocol/events";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { PlanReport, ResultFile, Settings } from "#runtime/protocol/service-values";
import type { DownloadTimes } from "./model-download.ts";
import type { DownloadRule } from "./web-access.ts";

/** What the library needs of the service around it. */
export interface LibraryContext {
  settings(): Settings;
  /** Saves a change of the settings and tells clients. */
  changeSettings(change: Partial<Settings>): Promise<unknown>;
  /** As the next engine is opened: model roots (the first that has a name wins) and folders. */
  engineSettings(): EngineSettings;
  /** Full path of a result. Throws ERR_FILE for one that is not there or lies outside. */
  findResult(file: Pick<ResultFile, "place" | "path">): Promise<string>;
  readonly registry: NodeRegistry;
  /** Root of downloaded models when no folder is set up. It has to be among the engine's roots. */
  readonly modelFolder: string;
  /** Unfinished downloads and what is known of model files. */
  readonly dataFolder: string;
  emit(event: ServiceEvent): void;
  readonly downloads: DownloadRule;
  /** Adds the seconds that this device was measured to take; absent: they stay unknown. */
  withTimes?(report: PlanReport, stages: readonly NodeReport[]): Promise<PlanReport>;
  /** Entry of the threads in which long work runs; by default the compiled one beside this file. */
  readonly threadEntry?: URL;
  /** Other waiting times of downloads than usual. */
  readonly downloadTimes?: Partial<DownloadTimes>;
}
