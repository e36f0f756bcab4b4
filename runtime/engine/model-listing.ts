/** Every file of the model folders, and what one is, for people. */
import { isUmbelError } from "#runtime/errors";
import { statSync } from "node:fs";
import { inspectModelFile } from "./inspect-file.ts";
import { MODEL_FOLDERS, ModelFolders } from "./model-folders.ts";
import type { FileInspection } from "./models/inspect.ts";

export interface ListedFile {
  readonly folder: string;
  /** As a graph names it. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Changes when the file does. */
  readonly stamp: string;
}

export function listModels(roots: readonly string[]): ListedFile[] {
  const folders = new ModelFolders(roots);
  return MODEL_FOLDERS.flatMap((folder) =>
    folders.list(folder).flatMap((name) => {
      try {
        const path = folders.path(folder, name);
        const { size, mtimeMs } = statSync(path);
        return [{ folder, name, path, bytes: size, stamp: `${size} ${mtimeMs}` }];
      } catch {
        // It went away meanwhile.
        return [];
      }
    }),
  );
}

export interface ModelFacts {
  /** Of all its shards. */
  readonly bytes: number | null;
  readonly family: string | null;
  readonly kind:
    | "diffusion"
    | "vae"
    | "text-encoder"
    | "clip-vision"
    | "checkpoint"
    | "lora"
    | null;
  readonly precision: string | null;
  /** Why it cannot be used; null when it can. */
  readonly problem: string | null;
}

/** Only headers are read. Never throws for what a file holds. */
export async function modelFacts(path: string): Promise<ModelFacts> {
  try {
    return describe(await inspectModelFile(path));
  } catch (error) {
    if (!isUmbelError(error)) throw error;
    const problem = error.message.replace(`${path}: `, "");
    return { bytes: null, family: null, kind: null, precision: null, problem };
  }
}

function describe({ bytes, models, lora, precision, problem }: FileInspection): ModelFacts {
  const [model] = models;
  const kinds = new Set(models.map(({ kind }) => kind));
  const wrong = models.find(({ missing, mismatched }) => missing.length + mismatched.length > 0);
  const lacks =
    wrong === undefined
      ? null
      : `Expected all tensors of ${wrong.title}, got a file that lacks ${wrong.missing.length} and has ${wrong.mismatched.length} of another shape.`;
  return {
    bytes,
    family: lora?.madeFor ?? model?.title ?? null,
    kind: lora !== null ? "lora" : kinds.size > 1 ? "checkpoint" : (model?.kind ?? null),
    precision: precisionName(
      Object.keys(precision)[0],
      models.some(({ scaled }) => scaled > 0),
    ),
    problem: problem === null ? lacks : `Expected a model or a LoRA, got ${problem}.`,
  };
}

const PRECISIONS: Readonly<Record<string, string>> = {
  F64: "fp64",
  F32: "fp32",
  F16: "fp16",
  BF16: "bf16",
  F8_E4M3: "fp8 e4m3",
  F8_E5M2: "fp8 e5m2",
};

function precisionName(stored: string | undefined, scaled: boolean): string | null {
  if (stored === undefined) return null;
  return `${PRECISIONS[stored] ?? stored.toLowerCase()}${scaled ? " scaled" : ""}`;
}
