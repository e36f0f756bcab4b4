/**
 * Messages between the program that starts the processes (the desktop app's main process) and the service process.
 * Ports travel beside them: a client's with "client", the engine's with "engine_started".
 */
import { z } from "zod";
import type { EngineSettings } from "./engine-messages.ts";

export type ToServiceProcess =
  /** The port beside it belongs to a client. */
  | { readonly type: "client" }
  /** The port beside it speaks ToEngine and FromEngine (engine-messages.ts). */
  | { readonly type: "engine_started"; readonly engine: number; readonly pid: number }
  | { readonly type: "engine_ended"; readonly engine: number; readonly reason: string }
  | { readonly type: "stop" };

const folders = z.object({ output: z.string(), temporary: z.string(), input: z.string() });

export const fromServiceProcess = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  /** Where results and inputs lie; said again whenever it changes. */
  z.object({ type: z.literal("folders"), folders }),
  z.object({
    type: z.literal("start_engine"),
    engine: z.number().int(),
    settings: z.custom<EngineSettings>((value) => typeof value === "object" && value !== null),
  }),
  z.object({ type: z.literal("stop_engine"), engine: z.number().int() }),
]);

export type FromServiceProcess = z.infer<typeof fromServiceProcess>;
export type MediaFolders = z.infer<typeof folders>;
