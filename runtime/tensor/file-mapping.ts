import { loadAddon, native, type NativeMapping } from "#native";
import type { FileMapping } from "./device.ts";

class MappedFile implements FileMapping {
  readonly path: string;
  readonly size: number;
  readonly native: NativeMapping;

  constructor(path: string) {
    this.path = path;
    this.native = native(() => loadAddon().mapFile(path));
    this.size = this.native.size;
  }

  read(byteOffset: number, bytes: number): Uint8Array {
    return new Uint8Array(native(() => this.native.read(byteOffset, bytes)));
  }
  willNeed(byteOffset: number, bytes: number): void {
    native(() => this.native.willNeed(byteOffset, bytes));
  }
  close(): void {
    this.native.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Maps a file read-only; its pages are read when they are first touched. A file that was cut off while mapped gives
 * ERR_FILE when an op reads past its end; cutting it off in the very moment an op reads it ends the process, so replace
 * files in use instead of rewriting them. Throws ERR_FILE.
 */
export function mapFile(path: string): FileMapping {
  return new MappedFile(path);
}
