/** Messages between a supervisor and the engine process it started. */
import type { ErrorRecord } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { JobEvent } from "./events.ts";
import type { DeviceInfo, MemoryReport } from "./service-values.ts";

/** How an engine is set up; everything in it survives a process boundary. */
export interface EngineSettings {
  /** "auto": the fastest that this machine and build have. */
  readonly device: "auto" | "cpu" | "cuda" | "null";
  readonly threads?: number;
  readonly precision?: "f32" | "bf16";
  /** Model roots, first found wins. */
  readonly models: readonly string[];
  readonly nodes: readonly string[];
  readonly inputFolder: string;
  /** Input files that whoever runs the graph has named themselves, by that name: they may lie anywhere. */
  readonly inputFiles?: Readonly<Record<string, string>>;
  readonly outputFolder: string;
  readonly temporaryFolder: string;
  /** Bytes of GPU memory that may be used; by default what is free. */
  readonly gpuMemory?: number;
  /** Bytes of host memory that weights which do not fit on a GPU may be pinned in; by default half of the machine's. */
  readonly pinnedMemory?: number;
  /** Bytes that weights may take on the device; by default what the device says. */
  readonly memoryBudget?: number;
  /** Where finished jobs are noted before they are reported, so that none runs again when the parent has died. */
  readonly receiptFolder?: string;
}

export type ToEngine =
  | {
      readonly type: "run";
      readonly job: string;
      readonly document: GraphDocument;
      readonly targets?: readonly string[];
    }
  | { readonly type: "cancel"; readonly job: string }
  /** What models and results hold; `free` gives up what no running job uses first. */
  | { readonly type: "memory"; readonly request: number; readonly free: boolean }
  | { readonly type: "stop" };

export type FromEngine =
  | { readonly type: "ready"; readonly device: DeviceInfo }
  /** The engine could not be opened; the process ends. */
  | { readonly type: "unusable"; readonly error: ErrorRecord }
  | { readonly type: "event"; readonly event: JobEvent }
  | { readonly type: "done"; readonly job: string }
  | { readonly type: "memory"; readonly request: number; readonly report: MemoryReport };
