/** From a name in a LoRA file to the weight that it changes. */
import type { Naming, TensorPiece, TensorSpec } from "#runtime/sdk/model";
import { pieceOf } from "./stored-piece.ts";

/** What LoRA names may begin with; several may follow each other. */
const MODEL_PREFIXES = [
  "base_model.model.",
  "model.diffusion_model.",
  "diffusion_model.",
  "transformer.",
  "pipe.dit.",
  "unet.",
  "dit.",
  "net.",
  "model.",
  "lora_unet__",
  "lora_unet_",
  "lora_transformer_",
  "lycoris_",
] as const;
const TEXT_PREFIX =
  /^(?:lora_te\d?_|te\d?_|text_encoders?(?:_\d)?\.(?:(?:t5xxl|umt5xxl|clip_l|llama)\.)?(?:transformer\.)?)/;
/** Underscored names are ambiguous; so many of them are tried with dots at most. */
const MAX_SPLITS = 10;

/** Weights of one model and the names under which LoRAs may know them. */
export interface LoraTargets {
  readonly kind: "diffusion" | "vae" | "text-encoder" | "clip-vision";
  readonly namings: readonly Naming[];
  readonly specs: ReadonlyMap<string, TensorSpec>;
}

/** What a stem of a LoRA means for a model. */
export type Resolution =
  /** Canonical names: of the weight (or plain parameter) and of the layer's bias. */
  | {
      readonly kind: "target";
      readonly weight: string | null;
      readonly bias: string | null;
      /** The part of both that is meant. */
      readonly place: Omit<TensorPiece, "name">;
    }
  /** It is meant for the other part of a pipeline, "text-encoder" or "diffusion". */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "none" };

export class LoraNames {
  readonly #targets: LoraTargets;
  /** Layer or parameter name with "_" for "." -> its canonical name. */
  readonly #flat = new Map<string, string>();

  constructor(targets: LoraTargets) {
    this.#targets = targets;
    for (const name of targets.specs.keys()) {
      const stem = name.replace(/\.(weight|bias)$/, "");
      this.#flat.set(flatten(stem), stem);
    }
  }

  resolve(stem: string): Resolution {
    const forText = TEXT_PREFIX.exec(stem)?.[0];
    if ((forText !== undefined) !== (this.#targets.kind === "text-encoder")) {
      if (forText !== undefined) return { kind: "elsewhere" };
      // Text encoders' own LoRAs may come without a prefix.
      const plain = this.#layer(stem);
      return plain === null ? { kind: "elsewhere" } : this.#target(plain);
    }
    const name = forText === undefined ? withoutPrefixes(stem) : stem.slice(forText.length);
    const layer = this.#layer(name);
    return layer === null ? { kind: "none" } : this.#target(layer);
  }

  #target({ name: layer, ...place }: TensorPiece): Resolution {
    const { specs } = this.#targets;
    const weight = [`${layer}.weight`, layer].find((name) => specs.has(name)) ?? null;
    const bias = specs.has(`${layer}.bias`) ? `${layer}.bias` : null;
    return { kind: "target", weight, bias, place };
  }

  /** Canonical layer or parameter name; null when the model has none such. */
  #layer(name: string): TensorPiece | null {
    const dotted = this.#dotted(name);
    if (dotted !== null) return dotted;
    const flat = flatten(name);
    const known = this.#flat.get(flat);
    if (known !== undefined) return { name: known };
    // Underscored names of another naming: try where the dots may have been.
    const pieces = flat.split("_");
    if (name.includes(".") || pieces.length - 1 > MAX_SPLITS) return null;
    for (let dots = 1; dots < 2 ** (pieces.length - 1); dots++) {
      const candidate = pieces.reduce((a, b, i) => a + ((dots >> (i - 1)) & 1 ? "." : "_") + b);
      const found = this.#dotted(candidate);
      if (found !== null) return found;
    }
    return null;
  }

  #dotted(name: string): TensorPiece | null {
    const { namings, specs } = this.#targets;
    for (const naming of namings) {
      for (const ending of [".weight", ".bias", ""]) {
        const piece = pieceOf(naming, name + ending);
        if (piece !== null && specs.has(piece.name))
          return { ...piece, name: piece.name.replace(/\.(weight|bias)$/, "") };
      }
    }
    return null;
  }
}

/** The name without the prefixes of trainers and pipelines. */
export function withoutPrefixes(stem: string): string {
  let name = stem;
  for (let i = 0; i < 4; i++) {
    const prefix = MODEL_PREFIXES.find((candidate) => name.startsWith(candidate));
    if (prefix === undefined) return name;
    name = name.slice(prefix.length);
  }
  return name;
}

function flatten(name: string): string {
  return name.replaceAll(".", "_");
}
