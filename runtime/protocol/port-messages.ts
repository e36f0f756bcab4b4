/** The runtime service's calls and events on a MessagePort, one object a message. */
import { z } from "zod";
import { ERROR_CODES } from "#runtime/errors";
import type { ServiceEvent } from "./service-events.ts";

export const portRequest = z.object({
  id: z.number().int().nonnegative(),
  method: z.string().max(100),
  params: z.unknown(),
});

const error = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  nodeId: z.string().optional(),
});

export const portReply = z.union([
  z.object({ id: z.number().int().nonnegative(), error }),
  z.object({ id: z.number().int().nonnegative(), result: z.unknown() }),
  z.object({ event: z.looseObject({ type: z.string() }) }),
]);

export type PortReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: z.infer<typeof error> }
  | { readonly event: ServiceEvent };
