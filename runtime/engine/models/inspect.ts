/** What a checkpoint or LoRA is, for people: plain data that can be printed or sent as JSON. */
import { guessLoraFamily } from "#runtime/weights/lora-family";
import { looksLikeLora, readLora, type LoraFile } from "#runtime/weights/lora-file";
import { planLora } from "#runtime/weights/lora-plan";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import type { TensorEntry, TensorFile } from "#runtime/weights/tensor-file";
import { describeUnknown, detectModels, type DetectedModel, type ShapeMismatch } from "./detect.ts";
import type { AnyFamily, ModelKind } from "./families.ts";
import { loraDetails, type LoraDetails } from "./lora-details.ts";

export interface FileInspection {
  readonly path: string;
  readonly bytes: number;
  /** Files that it consists of, more than one when sharded. */
  readonly files: number;
  readonly tensors: number;
  readonly parameters: number;
  /** Stored type -> what is stored in it, the most first. */
  readonly precision: Readonly<
    Record<string, { readonly tensors: number; readonly parameters: number }>
  >;
  readonly metadata: Readonly<Record<string, string>>;
  readonly models: readonly ModelInspection[];
  readonly lora: LoraInspection | null;
  /** Why it is neither; null when it is one of them. */
  readonly problem: string | null;
}

export interface ModelInspection {
  readonly family: string;
  readonly title: string;
  readonly kind: ModelKind;
  readonly naming: string;
  readonly prefix: string;
  readonly config: unknown;
  readonly tensors: number;
  readonly parameters: number;
  /** Weights with a float8 scale. */
  readonly scaled: number;
  readonly tokenizer: boolean;
  readonly missing: readonly string[];
  readonly unknown: readonly string[];
  readonly mismatched: readonly ShapeMismatch[];
}

export interface LoraInspection extends LoraDetails {
  /** Family by its names; null when unknown. */
  readonly madeFor: string | null;
  /** With a model: how it fits. */
  readonly fit: LoraFit | null;
}

export interface LoraFit {
  readonly model: string;
  readonly applied: number;
  readonly unmatched: readonly string[];
  readonly elsewhere: readonly string[];
  readonly unsupported: readonly { readonly key: string; readonly reason: string }[];
}

/**
 * Looks into a file. `against` is a checkpoint that a LoRA is matched to. Throws ERR_FILE, ERR_CHECKPOINT for a file that
 * cannot be read; one that is read but unknown is described by `problem`.
 */
export function inspectFile(
  path: string,
  families: readonly AnyFamily[],
  against?: string,
): FileInspection {
  using file = openCheckpoint(path);
  const models = detectModels(file, families);
  const lora = readLora(file);
  const isLora = models.length === 0 && looksLikeLora(lora);
  return {
    path,
    bytes: file.size,
    files: new Set([...file.tensors.values()].map((entry) => entry.path)).size,
    tensors: file.tensors.size,
    parameters: sum(file.tensors.values()),
    precision: precisionOf(file),
    metadata: file.metadata,
    models: models.map(inspectModel),
    lora: isLora ? inspectLora(lora, families, against) : null,
    problem: isLora || models.length > 0 ? null : describeUnknown(file, families),
  };
}

/** What files call the tokeniser that they hold. */
const TOKENIZERS = ["spiece_model", "tokenizer_json"];

function inspectModel(model: DetectedModel): ModelInspection {
  const { family, naming, part, config, names, missing, unknown, mismatched } = model;
  const entries = [...names.values()]
    .flat()
    .map(({ own }) => part.weights.get(own))
    .filter((e) => e !== undefined);
  return {
    family: family.family,
    title: family.title,
    kind: family.kind,
    naming: naming.id,
    prefix: part.prefix,
    config,
    tensors: entries.length,
    parameters: sum(entries),
    scaled: part.scales.size,
    tokenizer: TOKENIZERS.some((name) => part.assets.has(name) || part.file.embedded?.has(name)),
    missing,
    unknown,
    mismatched,
  };
}

function inspectLora(
  lora: LoraFile,
  families: readonly AnyFamily[],
  against: string | undefined,
): LoraInspection {
  const details = { ...loraDetails(lora), madeFor: guessLoraFamily(lora) };
  if (against === undefined) return { ...details, fit: null };
  using file = openCheckpoint(against);
  const fits = detectModels(file, families)
    .filter(({ family }) => family.kind !== "vae")
    .map(({ family, specs }): LoraFit => {
      const plan = planLora(lora, { kind: family.kind, namings: family.namings, specs });
      const { applied, unmatched, elsewhere, unsupported } = plan.report;
      return { model: family.title, applied: applied.length, unmatched, elsewhere, unsupported };
    });
  return { ...details, fit: fits.toSorted((a, b) => b.applied - a.applied)[0] ?? null };
}

function precisionOf(file: TensorFile): FileInspection["precision"] {
  const found = new Map<string, { tensors: number; parameters: number }>();
  for (const entry of file.tensors.values()) {
    const { tensors, parameters } = found.get(entry.storedType) ?? { tensors: 0, parameters: 0 };
    found.set(entry.storedType, { tensors: tensors + 1, parameters: parameters + sum([entry]) });
  }
  return Object.fromEntries([...found].toSorted(([, a], [, b]) => b.parameters - a.parameters));
}

function sum(entries: Iterable<TensorEntry>): number {
  let total = 0;
  for (const { shape } of entries) total += shape.reduce((product, size) => product * size, 1);
  return total;
}
