import { UmbelError } from "#runtime/errors";

/** Throws ERR_INVALID_ARGUMENT unless there are ids and all lie in the vocabulary. */
export function checkTokenIds(ids: Int32Array, vocabulary: number): void {
  const wrong = ids.find((id) => id < 0 || id >= vocabulary);
  if (ids.length > 0 && wrong === undefined) return;
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected token ids from 0 to ${vocabulary - 1}, got ${wrong ?? "none"}. ` +
      "The tokenizer does not belong to this encoder.",
  );
}
