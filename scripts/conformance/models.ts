/** Models of reference folders, opened as the engine opens them. */
import { checkComplete } from "#runtime/engine/models/complete";
import { detectModel, detectModels, type DetectedModel } from "#runtime/engine/models/detect";
import type { ModelKind } from "#runtime/engine/models/families";
import { checkpointSource } from "#runtime/engine/models/weight-source";
import { sourceStore } from "#runtime/engine/models/weight-store";
import { modelRecipe } from "#runtime/sdk/recipes";
import type {
  DiffusionModel,
  Naming,
  TextEncoder,
  VaeFamily,
  VideoAutoencoder,
} from "#runtime/sdk/model";
import type { LoraRef } from "#runtime/sdk/values";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { differing } from "./compare.ts";
import type { Bench } from "./check.ts";
import type { Cases } from "./cases.ts";
import type { Folder } from "./folder.ts";

/** Runs with a diffusion model, LoRAs merged. */
export async function withDiffusion<T>(
  { manager }: Bench,
  path: string,
  loras: readonly LoraRef[],
  body: (model: DiffusionModel) => Promise<T>,
): Promise<T> {
  const recipe = modelRecipe(manager.identify(path, "diffusion"));
  using lease = await manager.diffusion({ ...recipe, loras });
  return await body(lease.instance);
}

export async function withVae<T>(
  { manager }: Bench,
  path: string,
  body: (vae: VideoAutoencoder, family: VaeFamily) => Promise<T>,
): Promise<T> {
  using lease = await manager.vae({ kind: "vae", checkpoint: manager.identify(path, "vae") });
  return await body(lease.instance, lease.family);
}

/** Without the tokenizer that the manager would ask for. */
export async function withTextEncoder<T>(
  { device, families }: Bench,
  path: string,
  body: (encoder: TextEncoder) => Promise<T>,
): Promise<T> {
  using file = openCheckpoint(path);
  const detected = detectModel(file, families, "text-encoder");
  checkComplete(detected);
  const source = checkpointSource(detected, device, { scaledType: "f32", matrixType: null });
  using store = sourceStore(source);
  return await body(detected.family.create(detected.config, store) as TextEncoder);
}

/** Whether a folder's weights.safetensors is a model of that family. Throws ERR_FILE, ERR_CHECKPOINT. */
export function holdsFamily(folder: Folder, { families }: Bench, name: string): boolean {
  if (!folder.has("weights.safetensors")) return false;
  using file = openCheckpoint(folder.file("weights.safetensors"));
  return detectModels(file, families).some(({ family }) => family.family === name);
}

/** Cases that a file of a folder (weights.safetensors) is read as a model with exactly its tensors. */
export async function checkTensors(
  folder: Folder,
  bench: Bench,
  cases: Cases,
  kind: ModelKind,
  name = "weights.safetensors",
): Promise<DetectedModel | null> {
  const label = name.replace(".safetensors", "");
  const detected = await cases.prepare(label, () => {
    using file = openCheckpoint(folder.file(name));
    return detectModel(file, bench.families, kind);
  });
  if (detected === null) return null;
  const wrong = [...detected.missing, ...detected.unknown, ...detected.mismatched];
  const metric = { name: "tensors missing, unknown or of another shape", bound: 0 };
  await cases.measure(label, metric, () => wrong.length);
  return detected;
}

/** Case that the model's diffusers naming gives the names of diffusers_to_original.json. */
export async function checkNames(
  folder: Folder,
  cases: Cases,
  { family }: DetectedModel,
): Promise<void> {
  const file = "diffusers_to_original.json";
  if (!folder.has(file)) return;
  await cases.measure(file, { name: "differing names", bound: 0 }, () => {
    const naming = family.namings.find(({ id }) => id === "diffusers");
    const [own] = family.namings;
    const map = folder.nameMap(file);
    const shown = (name: ReturnType<Naming["canonical"]> | undefined) =>
      typeof name === "string" ? name : JSON.stringify(name ?? null);
    return differing(
      Object.keys(map).map((name) => shown(naming?.canonical(name))),
      Object.values(map).map((name) => shown(own?.canonical(name))),
    );
  });
}

/** All tensors of several checkpoints in one file. */
export function joinCheckpoints(paths: readonly string[], target: string): void {
  const tensors = new Map<string, StoredTensor>();
  for (const path of paths) {
    using file = openCheckpoint(path);
    for (const [name, { storedType, shape }] of file.tensors) {
      tensors.set(name, { storedType, shape, bytes: file.read(name) });
    }
  }
  writeSafetensors(target, tensors);
}
