import { UmbelError } from "#runtime/errors";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateJson } from "../mutate-json.ts";
import type { ModelSeed } from "../model-seeds.ts";
import type { ScratchFolder } from "../scratch-file.ts";
import type { FuzzTarget } from "../target.ts";

/** An index beside one valid shard. */
export function shardedIndexTarget(
  scratch: ScratchFolder,
  [model]: readonly ModelSeed[],
): FuzzTarget {
  if (model === undefined)
    throw new UmbelError("ERR_INVALID_ARGUMENT", "Expected a model, got none.");
  const shard = scratch.write("shard-1.safetensors", model.bytes);
  using file = openCheckpoint(shard);
  const weightMap = Object.fromEntries(
    [...file.tensors.keys()].map((name) => [name, "shard-1.safetensors"]),
  );
  const text = JSON.stringify({ metadata: { total_size: 1 }, weight_map: weightMap });
  const valid = [Buffer.from(text)];
  return {
    name: "sharded-index",
    share: 1,
    valid,
    mutate: (random) =>
      random.chance(0.8)
        ? Buffer.from(mutateJson(text, random))
        : mutateBytes(Buffer.from(text), random, valid),
    run: (input) => {
      using opened = openCheckpoint(scratch.write("model.safetensors.index.json", input));
      for (const name of opened.tensors.keys()) opened.read(name);
    },
  };
}
