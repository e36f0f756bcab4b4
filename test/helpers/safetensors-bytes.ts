/** Safetensors files byte by byte, also those that no writer would make. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const folders: string[] = [];

/** A folder that goes away after the test file. */
export function temporaryFolder(): string {
  if (folders.length === 0) {
    afterAll(() => {
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    });
  }
  const folder = mkdtempSync(join(tmpdir(), "umbel-test-"));
  folders.push(folder);
  return folder;
}

/** Length, header text, data; `length` lies when given. */
export function safetensorsBytes(
  header: unknown,
  data: Uint8Array | number = 0,
  length?: bigint,
): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([prefix, json, typeof data === "number" ? Buffer.alloc(data) : data]);
}

let count = 0;

export function writeTemporary(
  folder: string,
  bytes: Uint8Array | string,
  name = `file-${count++}.safetensors`,
): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
