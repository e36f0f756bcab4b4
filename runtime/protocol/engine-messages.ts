/** Messages between a supervisor and the engine process it started. */
import type { GraphDocument } from "#runtime/graph/document";
import type { JobEvent } from "./events.ts";

/** How an engine is set up; everything in it survives a process boundary. */
export interface EngineSettings {
  readonly device: "cpu" | "cuda" | "null";
  readonly threads?: number;
  readonly precision?: "f32" | "bf16";
  /** Model roots, first found wins. */
  readonly models: readonly string[];
  readonly nodes: readonly string[];
  readonly inputFolder: string;
  readonly outputFolder: string;
  readonly temporaryFolder: string;
}

export type ToEngine =
  | {
      readonly type: "run";
      readonly job: string;
      readonly document: GraphDocument;
      readonly targets?: readonly string[];
    }
  | { readonly type: "cancel"; readonly job: string }
  | { readonly type: "stop" };

export type FromEngine =
  | { readonly type: "ready"; readonly device: string }
  | { readonly type: "event"; readonly event: JobEvent }
  | { readonly type: "done"; readonly job: string };
