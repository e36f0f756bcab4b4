/** Matches a LoRA to a model: what will be added to which weight, and what becomes of every key of the file. */
import type { TensorPiece, TensorSpec } from "#runtime/sdk/model";
import { shapeText } from "#runtime/tensor/layout";
import { readScalar } from "./host-values.ts";
import { peftScale, type PeftScale } from "./peft-metadata.ts";
import { LoraNames, type LoraTargets } from "./lora-names.ts";
import { runRows } from "./stored-piece.ts";
import type { LoraFile, LoraModule, LoraRole } from "./lora-file.ts";
import type { TensorEntry, TensorFile } from "./tensor-file.ts";

/** Which rows of a weight change, in which order; without `rows` all of them. */
export interface PatchPlace {
  readonly rows?: readonly [from: number, to: number];
  /** The change has the two halves of the rows the other way round. */
  readonly swapped?: boolean;
}

/** weight + strength * scale * up @ down, or weight + strength * difference; tensors by their name in the file. */
export type WeightPatch = PatchPlace &
  (
    | {
        readonly kind: "low-rank";
        readonly down: string;
        readonly up: string;
        readonly rank: number;
        readonly scale: number;
      }
    | { readonly kind: "difference"; readonly difference: string }
  );

export interface LoraReport {
  readonly path: string;
  /** Canonical names of the weights that change. */
  readonly applied: readonly string[];
  /** Keys that name nothing the model has. */
  readonly unmatched: readonly string[];
  /** Keys for the other part of the pipeline (a text encoder's, when this is about the diffusion model). */
  readonly elsewhere: readonly string[];
  /** Keys that are understood but not applied, with the reason. */
  readonly unsupported: readonly { readonly key: string; readonly reason: string }[];
}

export interface LoraPlan {
  readonly file: TensorFile;
  /** Canonical weight name -> its changes. */
  readonly patches: ReadonlyMap<string, readonly WeightPatch[]>;
  readonly report: LoraReport;
}

/** Throws ERR_CHECKPOINT for an alpha that is no number. */
export function planLora(lora: LoraFile, targets: LoraTargets): LoraPlan {
  const names = new LoraNames(targets);
  const scaleOf = peftScale(lora.file);
  const patches = new Map<string, WeightPatch[]>();
  const unmatched: string[] = [...lora.foreign];
  const elsewhere: string[] = [];
  const unsupported: { key: string; reason: string }[] = [];
  const add = (weight: string, patch: WeightPatch) =>
    patches.set(weight, [...(patches.get(weight) ?? []), patch]);

  for (const module of lora.modules) {
    const keys = [...module.parts.values(), ...module.unsupported.keys()];
    const target = names.resolve(module.stem);
    if (target.kind !== "target") {
      (target.kind === "none" ? unmatched : elsewhere).push(...keys);
      continue;
    }
    if (module.unsupported.size > 0) {
      const [reason = ""] = module.unsupported.values();
      unsupported.push(...keys.map((key) => ({ key, reason })));
      continue;
    }
    const placed = (name: string | null) => placeIn(targets.specs.get(name ?? ""), target.place);
    const [weight, bias] = [placed(target.weight), placed(target.bias)];
    const source = { file: lora.file, scaleOf };
    for (const change of modulePatches(source, module, weight.shape, bias.shape)) {
      if ("reason" in change) {
        unsupported.push(...change.keys.map((key) => ({ key, reason: change.reason })));
        continue;
      }
      const [name, { place }] =
        change.part === "bias" ? [target.bias, bias] : [target.weight, weight];
      if (name !== null) add(name, { ...change.patch, ...place });
    }
  }
  const applied = [...patches.keys()];
  return {
    file: lora.file,
    patches,
    report: { path: lora.file.path, applied, unmatched, elsewhere, unsupported },
  };
}

/** Shape of what a LoRA changes of a tensor (null: nothing), and where in it that lies. */
function placeIn(
  spec: TensorSpec | undefined,
  { run, swapped }: Omit<TensorPiece, "name">,
): { readonly shape: Shape; readonly place: PatchPlace } {
  if (spec === undefined) return { shape: null, place: {} };
  const order = swapped === true ? { swapped } : {};
  if (run === undefined) return { shape: spec.shape, place: order };
  const rows = runRows(spec, run);
  if (rows === null) return { shape: null, place: {} };
  return { shape: [rows[1] - rows[0], ...spec.shape.slice(1)], place: { rows, ...order } };
}

type Change =
  | { readonly part: "weight" | "bias"; readonly patch: WeightPatch }
  | { readonly keys: readonly string[]; readonly reason: string };

type Shape = readonly number[] | null;

interface LoraSource {
  readonly file: TensorFile;
  readonly scaleOf: PeftScale;
}

function modulePatches(
  source: LoraSource,
  { stem, parts }: LoraModule,
  weight: Shape,
  bias: Shape,
): Change[] {
  const changes: Change[] = [];
  const down = parts.get("down");
  const up = parts.get("up");
  const alpha = parts.get("alpha");
  if (down !== undefined && up !== undefined) {
    changes.push(lowRank(source, stem, { down, up, alpha }, weight));
  } else {
    const rest = [down, up, alpha].filter((key) => key !== undefined);
    const reason = "Expected lora_down and lora_up of a layer, got one without the other";
    if (rest.length > 0) changes.push({ keys: rest, reason });
  }
  changes.push(
    ...difference(source.file, parts, "diff", weight),
    ...difference(source.file, parts, "diff_b", bias),
  );
  return changes;
}

function lowRank(
  { file, scaleOf }: LoraSource,
  stem: string,
  keys: { readonly down: string; readonly up: string; readonly alpha: string | undefined },
  weight: Shape,
): Change {
  const own = Object.values(keys).filter((key) => key !== undefined);
  const down = file.tensors.get(keys.down);
  const up = file.tensors.get(keys.up);
  const problem = typeProblem(down) ?? typeProblem(up);
  if (problem !== null) return { keys: own, reason: problem };
  const rank = down?.shape[0] ?? 0;
  const [rows = 0, columns = 0] = weight === null ? [] : matrix(weight);
  const [outputs, inner] = matrix(up?.shape ?? []);
  const [, inputs] = matrix(down?.shape ?? []);
  if (weight === null || rank === 0 || inner !== rank || outputs !== rows || inputs !== columns) {
    const found = `${shapeText(up?.shape ?? [])} and ${shapeText(down?.shape ?? [])}`;
    const expected =
      weight === null ? "a layer with a weight" : `up and down for ${shapeText(weight)}`;
    return { keys: own, reason: `Expected ${expected}, got ${found}` };
  }
  const scale =
    keys.alpha === undefined ? scaleOf(stem, rank) : readScalar(file, keys.alpha) / rank;
  return { part: "weight", patch: { kind: "low-rank", down: keys.down, up: keys.up, rank, scale } };
}

function difference(
  file: TensorFile,
  parts: ReadonlyMap<LoraRole, string>,
  role: "diff" | "diff_b",
  target: Shape,
): Change[] {
  const key = parts.get(role);
  if (key === undefined) return [];
  const entry = file.tensors.get(key);
  const problem = typeProblem(entry);
  if (problem !== null) return [{ keys: [key], reason: problem }];
  const shape = entry?.shape ?? [];
  if (target === null || squeezed(shape) !== squeezed(target)) {
    const expected =
      target === null ? `a layer with a ${role === "diff" ? "weight" : "bias"}` : shapeText(target);
    return [{ keys: [key], reason: `Expected ${expected}, got ${shapeText(shape)}` }];
  }
  const patch: WeightPatch = { kind: "difference", difference: key };
  return [{ part: role === "diff" ? "weight" : "bias", patch }];
}

function typeProblem(entry: TensorEntry | undefined): string | null {
  if (
    entry !== undefined &&
    entry.dtype !== "other" &&
    entry.dtype !== "i32" &&
    entry.dtype !== "u8"
  )
    return null;
  return `Expected floating-point values, got ${entry?.storedType ?? "none"}`;
}

/** Rows and columns of a weight as a matrix: outputs, and everything that goes into one. */
function matrix(shape: readonly number[]): [rows: number, columns: number] {
  const [rows = 1, ...rest] = shape;
  return [rows, rest.reduce((product, size) => product * size, 1)];
}

/** A shape without its ones: what must agree for element-wise sums. */
function squeezed(shape: readonly number[]): string {
  return shape.filter((size) => size !== 1).join("x");
}
