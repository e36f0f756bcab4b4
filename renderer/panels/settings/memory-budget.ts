/** A memory budget as people write it, in gigabytes of 10^9 bytes. */
import { UmbelError } from "#runtime/errors";

const GIGA = 1e9;
const LEAST = 0.1;
const MOST = 10_000;

/** Null for an empty text: no budget. Throws ERR_INVALID_ARGUMENT. */
export function parseBudget(text: string): number | null {
  const plain = text
    .trim()
    .replace(/\s*GB$/i, "")
    .replace(",", ".");
  if (plain === "") return null;
  const value = Number(plain);
  if (!Number.isFinite(value) || value < LEAST || value > MOST) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected ${LEAST} to ${MOST.toLocaleString("en")} GB, got ${text.trim()}.`,
    );
  }
  return Math.round(value * GIGA);
}

export function budgetText(bytes: number | null): string {
  return bytes === null ? "" : String(Number((bytes / GIGA).toFixed(2)));
}
