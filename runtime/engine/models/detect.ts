/** Which model a file holds, from names and shapes alone. */
import { UmbelError } from "#runtime/errors";
import type { CheckpointHeader, Naming, TensorInfo, TensorSpec } from "#runtime/sdk/model";
import { looksLikeLora, readLora } from "#runtime/weights/lora-file";
import { modelPart, type ModelPart } from "#runtime/weights/model-part";
import { prefixesOf } from "#runtime/weights/prefixes";
import { inOrder, joinedShape, pieceOf, type StoredPiece } from "#runtime/weights/stored-piece";
import type { TensorFile } from "#runtime/weights/tensor-file";
import type { AnyFamily, ModelKind } from "./families.ts";

export interface DetectedModel {
  readonly family: AnyFamily;
  readonly config: unknown;
  readonly part: ModelPart;
  readonly naming: Naming;
  /** Canonical name -> what of the part it is made of, in order, for every tensor that the model has. */
  readonly names: ReadonlyMap<string, readonly StoredPiece[]>;
  /** Canonical name -> what the configuration asks for. */
  readonly specs: ReadonlyMap<string, TensorSpec>;
  /** Canonical names of needed tensors that the file lacks. */
  readonly missing: readonly string[];
  /** Tensors of the part (names in the file) that the model does not know. */
  readonly unknown: readonly string[];
  readonly mismatched: readonly ShapeMismatch[];
}

export interface ShapeMismatch {
  readonly name: string;
  readonly expected: readonly number[];
  readonly found: readonly number[];
}

/** The models in a file, the best reading of each family. */
export function detectModels(file: TensorFile, families: readonly AnyFamily[]): DetectedModel[] {
  const best = new Map<string, DetectedModel>();
  for (const { header, ...reading } of readings(file, families)) {
    const config = reading.family.detect(header);
    if (config === null) continue;
    const found = compare(reading, config);
    const before = best.get(found.family.family);
    if (before === undefined || fit(found) > fit(before)) best.set(found.family.family, found);
  }
  return [...best.values()].toSorted((a, b) => fit(b) - fit(a));
}

/** The model of a kind in a file. Throws ERR_UNKNOWN_MODEL saying what the file seems to hold instead. */
export function detectModel(
  file: TensorFile,
  families: readonly AnyFamily[],
  kind: ModelKind,
): DetectedModel {
  const found = detectModels(file, families);
  const wanted = found.find(({ family }) => family.kind === kind);
  if (wanted !== undefined) return wanted;
  throw new UmbelError(
    "ERR_UNKNOWN_MODEL",
    `Expected ${KINDS[kind]} in ${file.path}, got ${describeOther(file, families, found)}.`,
  );
}

const KINDS: Readonly<Record<ModelKind, string>> = {
  diffusion: "a diffusion model",
  vae: "a VAE",
  "text-encoder": "a text encoder",
  "clip-vision": "a CLIP vision model",
};

/** Why no model was found in a file: a relative that is not run, a LoRA, something unknown. */
export function describeUnknown(file: TensorFile, families: readonly AnyFamily[]): string {
  return describeOther(file, families, []);
}

function describeOther(
  file: TensorFile,
  families: readonly AnyFamily[],
  found: readonly DetectedModel[],
): string {
  const [other] = found;
  if (other !== undefined) return `${KINDS[other.family.kind]} (${other.family.title})`;
  for (const { family, header } of readings(file, families)) {
    const reason = family.unsupported?.(header) ?? null;
    if (reason !== null) return `a relative of ${family.title}: ${reason}`;
  }
  if (looksLikeLora(readLora(file)))
    return "a LoRA. Load it with a LoRA node, from the folder loras";
  const titles = families.map(({ title }) => title).join(", ");
  const names = [...file.tensors.keys()]
    .slice(0, 3)
    .map((name) => JSON.stringify(name.slice(0, 80)));
  return names.length === 0
    ? "a file without tensors"
    : `an unknown model (its tensors begin with ${names.join(", ")}). Known are: ${titles}`;
}

interface Reading {
  readonly family: AnyFamily;
  readonly naming: Naming;
  readonly part: ModelPart;
  readonly names: ReadonlyMap<string, readonly StoredPiece[]>;
  readonly unknown: readonly string[];
}

/** Every way to read the file: a prefix, a family, one of its namings. */
function* readings(
  file: TensorFile,
  families: readonly AnyFamily[],
): Generator<Reading & { readonly header: CheckpointHeader }> {
  for (const prefix of prefixesOf(file.tensors.keys())) {
    const part = modelPart(file, prefix);
    for (const family of families) {
      for (const naming of family.namings) {
        const { names, unknown } = translate(part, naming);
        if (names.size === 0) continue;
        const tensors = new Map<string, TensorInfo>();
        for (const [canonical, pieces] of names) {
          const info = infoOf(part, pieces);
          if (info !== null) tensors.set(canonical, info);
        }
        yield {
          family,
          naming,
          part,
          names,
          unknown,
          header: { tensors, metadata: file.metadata },
        };
      }
    }
  }
}

/** A name that another tensor has already taken (tied copies) is left out. */
function translate(part: ModelPart, naming: Naming): Pick<Reading, "names" | "unknown"> {
  const names = new Map<string, readonly StoredPiece[]>();
  const unknown: string[] = [];
  for (const own of part.weights.keys()) {
    const piece = pieceOf(naming, own);
    if (piece === null) {
      unknown.push(own);
      continue;
    }
    const { name, ...place } = piece;
    const known = names.get(name) ?? [];
    if (known.some(({ run }) => run === place.run || run === undefined)) continue;
    names.set(name, inOrder([...known, { own, ...place }]));
  }
  return { names, unknown };
}

/** Shape and type of what pieces make together; null when they do not fit each other. */
function infoOf(part: ModelPart, pieces: readonly StoredPiece[]): TensorInfo | null {
  const entries = pieces.map(({ own }) => part.weights.get(own)).filter((e) => e !== undefined);
  const shape = joinedShape(entries.map((entry) => entry.shape));
  const [first] = entries;
  return shape === null || first === undefined ? null : { shape, dtype: first.dtype };
}

function compare(reading: Reading, config: unknown): DetectedModel {
  const { family, part } = reading;
  const specs = new Map(family.tensors(config).map((spec) => [spec.name, spec]));
  const missing: string[] = [];
  const mismatched: ShapeMismatch[] = [];
  for (const [name, { shape, optional }] of specs) {
    const found = infoOf(part, reading.names.get(name) ?? [])?.shape;
    if (found === undefined) {
      if (optional !== true) missing.push(name);
    } else if (!sameShape(shape, found)) mismatched.push({ name, expected: shape, found });
  }
  const assets = new Set(part.assets.values());
  const isAsset = (own: string) => assets.has(part.prefix + own);
  const unknown = reading.unknown.filter((own) => !isAsset(own));
  for (const [canonical, pieces] of reading.names) {
    if (specs.has(canonical)) continue;
    unknown.push(...pieces.map(({ own }) => own).filter((own) => !isAsset(own)));
  }
  return {
    ...reading,
    config,
    specs,
    missing,
    unknown: unknown.map((own) => part.prefix + own),
    mismatched,
  };
}

/** Equal but for axes of size one, which some tools drop or add. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  const squeeze = (shape: readonly number[]) => shape.filter((size) => size !== 1).join();
  return squeeze(a) === squeeze(b);
}

function fit({ specs, missing, mismatched, unknown }: DetectedModel): number {
  return specs.size - missing.length - mismatched.length - unknown.length / 1e6;
}
