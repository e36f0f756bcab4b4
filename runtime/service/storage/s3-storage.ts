/** Amazon S3, or what speaks like it (MinIO, R2, Ceph ...), by Amazon's SDK. */
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  type GetObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { toUmbelError, UmbelError } from "#runtime/errors";
import type { S3Place } from "./open-storage.ts";
import type { ResultStorage } from "./result-storage.ts";

/** Bytes of a part; larger files go up in several. */
const PART = 8 << 20;
/** Most parts that S3 takes. */
const MOST_PARTS = 10_000;
const AT_ONCE = 4;
const CONNECT_MILLISECONDS = 5000;
/** A connection on which nothing moves for so long counts as lost. */
const SILENT_MILLISECONDS = 60_000;
const MISSING = new Set(["NoSuchKey", "NotFound"]);

export class S3Storage implements ResultStorage {
  readonly name: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ bucket, prefix, endpoint, region }: S3Place) {
    this.name = `s3://${bucket}/${prefix}${endpoint === null ? "" : ` at ${endpoint}`}`;
    this.#bucket = bucket;
    this.#prefix = prefix;
    const isOwnService = endpoint !== null;
    this.#client = new S3Client({
      ...(isOwnService ? { endpoint, forcePathStyle: true } : {}),
      ...(region !== null ? { region } : isOwnService ? { region: "us-east-1" } : {}),
      // Other services do not know Amazon's newer checksums.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: {
        connectionTimeout: CONNECT_MILLISECONDS,
        socketTimeout: SILENT_MILLISECONDS,
      },
    });
  }

  async check(): Promise<void> {
    const key = `.umbel/checks/${randomUUID()}`;
    await this.putText(key, "umbel");
    await this.getText(key);
    await this.remove(key);
  }

  async put(key: string, path: string, signal: AbortSignal): Promise<void> {
    const { size } = await stat(path).catch((cause: unknown) => {
      throw new UmbelError("ERR_FILE", `Expected the result ${path}, got none.`, { cause });
    });
    await this.#try("write", key, async () => {
      const upload = new Upload({
        client: this.#client,
        params: { ...this.#object(key), Body: createReadStream(path) },
        partSize: Math.max(PART, Math.ceil(size / MOST_PARTS)),
        queueSize: AT_ONCE,
      });
      const abort = (): void => void upload.abort();
      signal.throwIfAborted();
      signal.addEventListener("abort", abort, { once: true });
      try {
        await upload.done();
      } finally {
        signal.removeEventListener("abort", abort);
      }
    });
  }

  async get(key: string, path: string): Promise<boolean> {
    return this.#try("read", key, async () => {
      const found = await this.#find(key);
      if (found === null) return false;
      try {
        await pipeline(found.Body as Readable, createWriteStream(path, { flags: "wx" }));
        const { size } = await stat(path);
        if (size === found.ContentLength) return true;
        throw new Error(`Expected ${found.ContentLength} bytes, got ${size}`);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    });
  }

  async putText(key: string, text: string): Promise<void> {
    await this.#try("write", key, () =>
      this.#client.send(new PutObjectCommand({ ...this.#object(key), Body: text })),
    );
  }

  async getText(key: string): Promise<string | null> {
    return this.#try("read", key, async () => {
      const found = await this.#find(key);
      return found?.Body === undefined ? null : found.Body.transformToString();
    });
  }

  async remove(key: string): Promise<void> {
    await this.#try("write", key, () =>
      this.#client.send(new DeleteObjectCommand(this.#object(key))),
    );
  }

  async #find(key: string): Promise<GetObjectCommandOutput | null> {
    try {
      return await this.#client.send(new GetObjectCommand(this.#object(key)));
    } catch (error) {
      if (error instanceof Error && MISSING.has(error.name)) return null;
      throw error;
    }
  }

  #object(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  async #try<T>(deed: "read" | "write", key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof Error && cause.name === "AbortError")
        throw new UmbelError("ERR_INTERRUPTED", `Ended before ${key} was stored.`, { cause });
      throw new UmbelError(
        "ERR_STORAGE",
        `Expected to ${deed} ${key} in ${this.name}, got ${reasonOf(cause)}`,
        { cause },
      );
    }
  }
}

/** What happened and what to do about it. */
function reasonOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : toUmbelError(error);
  const said = message === "" || message === name ? name : `${name}: ${message}`;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (name === "CredentialsProviderError")
    return "no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.";
  if (name === "NoSuchBucket") return "no such bucket. Make it, or correct the address.";
  if (status === 401 || status === 403)
    return `${said} Check the credentials and what they may do.`.replace(
      /([^.]) Check/,
      "$1. Check",
    );
  if (status === undefined) return `${said}. Check the address and the network.`;
  return `${said} (HTTP ${status}). Look at the storage.`;
}
