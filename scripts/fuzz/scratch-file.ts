import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for the files of cases; each write replaces the one before. */
export class ScratchFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "umbel-fuzz-"));

  write(name: string, bytes: Uint8Array | string): string {
    const path = join(this.path, name);
    // A file that is still mapped somewhere must not change under the mapping.
    rmSync(path, { force: true });
    writeFileSync(path, bytes);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
