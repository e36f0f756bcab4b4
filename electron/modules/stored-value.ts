/** A small JSON file of the app's own: what cannot be read counts as the default, as an older or damaged file may. */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { z } from "zod";
import { replaceFile } from "./file-access.ts";

export class StoredValue<T> {
  readonly #path: string;
  #value: T;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, schema: z.ZodType<T>, fallback: T) {
    this.#path = path;
    this.#value = read(path, schema) ?? fallback;
  }

  get value(): T {
    return this.#value;
  }

  /** One write after the other; a disk that refuses costs the memory of the value, not the app. */
  set(value: T): Promise<void> {
    this.#value = value;
    this.#writing = this.#writing
      .then(() => {
        mkdirSync(dirname(this.#path), { recursive: true });
        return replaceFile(this.#path, Buffer.from(`${JSON.stringify(this.#value, null, 2)}\n`));
      })
      .catch((error: unknown) => console.error(`umbel: ${this.#path} is not kept:`, error));
    return this.#writing;
  }
}

function read<T>(path: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}
