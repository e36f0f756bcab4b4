/** Where containers are written: a file, every byte of it or an error. */
import type { FileHandle } from "node:fs/promises";
import type { StreamTarget, StreamTargetChunk } from "mediabunny";

export async function fileTarget(file: FileHandle): Promise<StreamTarget> {
  const { StreamTarget: Target } = await import("mediabunny");
  const stream = new WritableStream<StreamTargetChunk>({
    write: ({ data, position }) => writeWhole(file, data, position),
  });
  return new Target(stream, { chunked: true });
}

/** A disk that fills up takes a part of the bytes and fails only when it is asked for the rest. */
async function writeWhole(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.byteLength;) {
    const { bytesWritten } = await file.write(data, done, data.byteLength - done, position + done);
    done += bytesWritten;
  }
}
