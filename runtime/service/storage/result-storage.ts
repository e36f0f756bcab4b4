/** Where workers bring results to that share no folder with the server: keys and files, as S3 has them. */
import { createHash } from "node:crypto";
import type { ResultFile } from "#runtime/protocol/service-values";

/** Everything throws ERR_STORAGE, in words, when the storage cannot be reached or refuses. */
export interface ResultStorage {
  /** As messages name it: s3://bucket/prefix. */
  readonly name: string;
  /** Whether it can be written and read now. */
  check(): Promise<void>;
  /** Stores a file, whole or not at all, in place of what is there. Throws ERR_INTERRUPTED when the signal ended it. */
  put(key: string, path: string, signal: AbortSignal): Promise<void>;
  /** Writes what is stored to a new file, whole or not at all; false when nothing is. */
  get(key: string, path: string): Promise<boolean>;
  putText(key: string, text: string): Promise<void>;
  /** Null when nothing is stored. */
  getText(key: string): Promise<string | null>;
  remove(key: string): Promise<void>;
}

export function resultKey({ place, path }: Pick<ResultFile, "place" | "path">): string {
  return place === "temporary" ? `.umbel/temporary/${path}` : path;
}

/** Of what tells that all results of a job are stored. */
export function receiptKey(job: string): string {
  return `.umbel/receipts/${createHash("sha256").update(job).digest("hex")}.json`;
}

/**
 * The folder of a job's results: workers number files each on their own, so that names alone would meet. Ids that are
 * no name of a folder become one.
 */
export function jobFolder(job: string): string {
  if (/^\w[\w-]{0,63}$/.test(job)) return job;
  return createHash("sha256").update(job).digest("hex").slice(0, 32);
}
