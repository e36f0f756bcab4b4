/** The index of a model in several files: {"weight_map": {tensor: file}}, files beside the index. */
import { basename, dirname, join } from "node:path";
import { checkpointError, quoted } from "./checkpoint-error.ts";
import { openRanges } from "./file-range.ts";
import { readSafetensorsHeader, type SafetensorsHeader } from "./safetensors.ts";
import { isJsonObject, parseStrictJson } from "./strict-json.ts";
import type { TensorEntry } from "./tensor-file.ts";

const MAX_INDEX = 32 * 2 ** 20;
const MAX_SHARDS = 1000;

export function isShardedIndex(path: string): boolean {
  return path.toLowerCase().endsWith(".safetensors.index.json");
}

/** The headers of all shards as one. Throws ERR_FILE for a missing shard, ERR_CHECKPOINT for contradictions. */
export function readShardedHeader(path: string): SafetensorsHeader {
  const placed = readWeightMap(path);
  const folder = dirname(path);
  const shards = new Set(placed.values());
  if (shards.size > MAX_SHARDS) {
    throw checkpointError(path, `Expected at most ${MAX_SHARDS} shards, got ${shards.size}`);
  }
  const tensors = new Map<string, TensorEntry>();
  let metadata: Readonly<Record<string, string>> = {};
  const fileSizes = new Map<string, number>();
  for (const shard of [...shards].toSorted()) {
    const header = readSafetensorsHeader(join(folder, shard));
    metadata = { ...metadata, ...header.metadata };
    fileSizes.set(header.path, header.size);
    for (const [name, entry] of header.tensors) {
      const place = placed.get(name);
      if (place === shard) tensors.set(name, entry);
      else if (place === undefined) {
        throw checkpointError(
          path,
          `tensor ${quoted(name)}: Expected it in the index, got none, but ${shard} holds it`,
        );
      }
    }
  }
  for (const [name, shard] of placed) {
    if (!tensors.has(name)) {
      throw checkpointError(
        path,
        `tensor ${quoted(name)}: Expected it in ${shard}, got a file without it`,
      );
    }
  }
  const size = [...fileSizes.values()].reduce((total, bytes) => total + bytes, 0);
  return { path, size, fileSizes, tensors, metadata };
}

function readWeightMap(path: string): Map<string, string> {
  using file = openRanges(path);
  if (file.size > MAX_INDEX) {
    throw checkpointError(
      path,
      `Expected an index of at most ${MAX_INDEX} bytes, got ${file.size}`,
    );
  }
  const fail = (problem: string): never => {
    throw checkpointError(path, problem);
  };
  const index = parseStrictJson(Buffer.from(file.read(0, file.size)).toString("utf8"), fail);
  const weightMap = isJsonObject(index) ? index.get("weight_map") : undefined;
  if (!isJsonObject(weightMap))
    return fail('Expected "weight_map", an object of tensor names, got none');
  const placed = new Map<string, string>();
  for (const [name, shard] of weightMap) placed.set(name, checkShardName(path, name, shard));
  return placed;
}

/** A shard is a file beside its index, never a path. */
function checkShardName(path: string, tensor: string, shard: unknown): string {
  const plain =
    typeof shard === "string" &&
    shard.endsWith(".safetensors") &&
    shard === basename(shard) &&
    !/[\\:\0]/.test(shard);
  if (plain) return shard;
  throw checkpointError(
    path,
    `tensor ${quoted(tensor)}: Expected the name of a .safetensors file beside the index, got ${quoted(String(shard))}`,
  );
}
