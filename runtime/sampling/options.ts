import { UmbelError } from "#runtime/errors";
import type { SamplerRun } from "#runtime/sdk/sampler";

/** A number among a sampler's options. Throws ERR_INVALID_ARGUMENT when it is there and no finite number. */
export function numberOption(
  run: Pick<SamplerRun, "options">,
  name: string,
  fallback: number,
): number {
  const value = run.options[name];
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected a number for ${name}, got ${String(value)}.`,
  );
}
