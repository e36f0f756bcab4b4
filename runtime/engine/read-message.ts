import { UmbelError } from "#runtime/errors";
import { parseDocument } from "#runtime/graph/document";
import { isObject, type Json } from "#runtime/graph/json";
import type { ToEngine } from "#runtime/protocol/engine-messages";

/**
 * What a parent sent, checked, so that the engine process outlives messages that are none. Throws ERR_INVALID_ARGUMENT,
 * and ERR_DOCUMENT for a job with a broken document.
 */
export function readMessage(message: unknown): ToEngine {
  const { type, job, document, targets, request, free } = isObject(message) ? message : {};
  if (type === "stop") return { type };
  if (type === "memory" && typeof request === "number" && typeof free === "boolean")
    return { type, request, free };
  if (typeof job === "string") {
    if (type === "cancel") return { type, job };
    if (type === "run" && document !== undefined && isListOfNames(targets)) {
      const run = { type, job, document: parseDocument(document) } as const;
      return targets === undefined ? run : { ...run, targets };
    }
  }
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected a message of type run, cancel, memory or stop with its fields, got ${String(JSON.stringify(type))}.`,
  );
}

function isListOfNames(value: Json | undefined): value is readonly string[] | undefined {
  if (value === undefined) return true;
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
