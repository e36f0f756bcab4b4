/** Unfinished downloads, kept over a restart. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorRecord } from "#runtime/protocol/service-values";

const kept = z.object({
  id: z.string(),
  url: z.string(),
  folder: z.string(),
  name: z.string(),
  sha256: z.string().nullable(),
  /** Where the finished file goes; the part lies beside it. */
  path: z.string(),
  version: z.object({ validator: z.string().nullable(), total: z.number().nullable() }),
  error: errorRecord.nullable(),
});
const file = z.object({ version: z.literal(1), downloads: z.array(kept) });

export type KeptDownload = z.infer<typeof kept>;

export class DownloadStore {
  readonly #path: string;
  #line: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, "downloads.json");
  }

  /** None when nothing is kept or it cannot be read: the parts stay where they are. */
  async load(): Promise<KeptDownload[]> {
    try {
      return file.parse(JSON.parse(await readFile(this.#path, "utf8"))).downloads;
    } catch {
      return [];
    }
  }

  /** A download goes on when this fails; after a restart it then begins anew. */
  save(downloads: readonly KeptDownload[]): Promise<void> {
    const text = JSON.stringify({ version: 1, downloads }, null, 2);
    this.#line = this.#line.then(async () => {
      const temporary = `${this.#path}.${process.pid}.tmp`;
      try {
        await writeFile(temporary, text);
        await rename(temporary, this.#path);
      } catch {
        // Said above.
      }
    });
    return this.#line;
  }
}
