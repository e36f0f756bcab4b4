import { openCheckpoint } from "#runtime/weights/checkpoint";
import { loadFamilies } from "./models/families.ts";
import { inspectFile, type FileInspection } from "./models/inspect.ts";

export type { FileInspection, LoraInspection, ModelInspection } from "./models/inspect.ts";

/** `inspectFile` with every model family. */
export async function inspectModelFile(path: string, against?: string): Promise<FileInspection> {
  return inspectFile(path, await loadFamilies(), against);
}

/** Throws ERR_CHECKPOINT for a safetensors file that is damaged or cut off. */
export function checkWhole(path: string): void {
  openCheckpoint(path)[Symbol.dispose]();
}
