import { detectModel, type DetectedModel } from "#runtime/engine/models/detect";
import type { AnyFamily } from "#runtime/engine/models/families";
import { inspectFile } from "#runtime/engine/models/inspect";
import { loraUse, loraWarnings } from "#runtime/engine/models/lora-stack";
import { checkpointSource } from "#runtime/engine/models/weight-source";
import { patchedStore, sourceStore } from "#runtime/engine/models/weight-store";
import type { Device } from "#runtime/tensor/device";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { readFileSync } from "node:fs";
import { mutateSafetensors } from "../mutate-safetensors.ts";
import type { ModelSeed } from "../model-seeds.ts";
import type { ScratchFolder } from "../scratch-file.ts";
import type { FuzzTarget } from "../target.ts";

/** Matches a file to a small transformer and merges it. */
export function loraTarget(
  device: Device,
  families: readonly AnyFamily[],
  scratch: ScratchFolder,
  models: readonly ModelSeed[],
): FuzzTarget & Disposable {
  const base = scratch.write(
    "base.safetensors",
    models.find(({ name }) => name === "transformer")?.bytes ?? "",
  );
  const file = openCheckpoint(base);
  const model = detectModel(file, families, "diffusion");
  const source = checkpointSource(model, device, { scaledType: "f32", matrixType: null });
  const store = sourceStore(source);
  const valid = loraSeeds(model, scratch);
  return {
    name: "lora",
    share: 6,
    valid,
    mutate: (random) => mutateSafetensors(valid, random),
    run: async (input) => {
      const path = scratch.write("lora.safetensors", input);
      inspectFile(path, families, base);
      using lora = openCheckpoint(path);
      const use = loraUse(lora, { path, strength: -0.5 }, model);
      loraWarnings(use.plan.report, model.family.title);
      using patched = patchedStore(store, source, [use, use], () => "f32");
      for (const name of use.plan.report.applied.slice(0, 8)) await patched.get(name).read();
    },
    [Symbol.dispose]: () => {
      store[Symbol.dispose]();
      file[Symbol.dispose]();
    },
  };
}

const RANK = 2;

/** The same changes under the names of several trainers. */
function loraSeeds({ specs }: DetectedModel, scratch: ScratchFolder): Uint8Array[] {
  const layers = [...specs.values()].filter(
    ({ name, shape }) => /attn\.[qv]\.weight$/.test(name) && shape.length === 2,
  );
  const styles: readonly ((stem: string, part: "down" | "up") => string)[] = [
    (stem, part) => `diffusion_model.${stem}.lora_${part === "down" ? "A" : "B"}.weight`,
    (stem, part) => `lora_unet_${stem.replaceAll(".", "_")}.lora_${part}.weight`,
    (stem, part) =>
      `transformer.${stem
        .replace("self_attn", "attn1")
        .replace("cross_attn", "attn2")
        .replace(/\.([qv])$/, ".to_$1")}` + `.lora_${part === "down" ? "A" : "B"}.weight`,
  ];
  return styles.map((nameOf, style) => {
    const tensors = new Map<string, StoredTensor>();
    for (const { name, shape } of layers) {
      const stem = name.replace(/\.weight$/, "");
      const [rows = 0, columns = 0] = shape;
      tensors.set(nameOf(stem, "down"), floats([RANK, columns]));
      tensors.set(nameOf(stem, "up"), floats([rows, RANK]));
      if (style === 1)
        tensors.set(nameOf(stem, "up").replace("lora_up.weight", "alpha"), floats([]));
      if (style === 0) tensors.set(`diffusion_model.${stem}.diff_b`, floats([rows]));
    }
    const path = scratch.write("seed.safetensors", "");
    writeSafetensors(path, tensors);
    return readFileSync(path);
  });
}

function floats(shape: readonly number[]): StoredTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: count }, (_, i) => 1 + (i % 7));
  return { storedType: "F32", shape, bytes: new Uint8Array(values.buffer) };
}
