/** How nodes reach models: recipes in, leased instances out. Implemented by the engine's model manager. */
import type { AttentionSettings } from "./attention-settings.ts";
import type {
  ClipVisionModel,
  DiffusionFamily,
  DiffusionModel,
  LatentColours,
  TextEncoder,
  TextEncoderFamily,
  TokenGrid,
  VaeFamily,
  VideoAutoencoder,
} from "./model.ts";
import type {
  CheckpointRef,
  ClipRecipe,
  ClipVisionRecipe,
  ModelRecipe,
  VaeRecipe,
} from "./values.ts";

/** An instance in use: the manager does not evict it before it is disposed. */
export interface Lease<Instance> extends Disposable {
  readonly instance: Instance;
  /** What a person should know, for example keys of a LoRA that were not applied. */
  readonly warnings: readonly string[];
}

export interface DiffusionLease extends Lease<DiffusionModel> {
  readonly family: DiffusionFamily;
  /** For previews: the model's own, or the family's. */
  readonly colours: LatentColours;
  tokenGrid(latentShape: readonly number[]): TokenGrid;
  readonly layers: number;
}

export interface VaeLease extends Lease<VideoAutoencoder> {
  readonly family: VaeFamily;
}

export interface TextEncoderLease extends Lease<TextEncoder> {
  readonly family: TextEncoderFamily;
  /** Bytes of the tokeniser's file: a sentencepiece model or a tokenizer.json. */
  readonly tokenizer: Uint8Array;
}

export type ClipVisionLease = Lease<ClipVisionModel>;

export interface ModelAccess {
  /** Stands in for the attention of every recipe: a plan compares a graph with its dense form. */
  readonly attention?: AttentionSettings;
  /**
   * Looks into a file and says which model of the wanted kind it holds. Throws ERR_FILE, ERR_CHECKPOINT,
   * ERR_UNKNOWN_MODEL.
   */
  identify(path: string, kind: "diffusion" | "vae" | "text-encoder" | "clip-vision"): CheckpointRef;
  /** Family of a checkpoint that was identified as a diffusion model. */
  diffusionFamily(checkpoint: CheckpointRef): DiffusionFamily;
  diffusion(recipe: ModelRecipe): Promise<DiffusionLease>;
  vae(recipe: VaeRecipe): Promise<VaeLease>;
  textEncoder(recipe: ClipRecipe): Promise<TextEncoderLease>;
  clipVision(recipe: ClipVisionRecipe): Promise<ClipVisionLease>;
  /** Gives up the weights that no lease uses. */
  giveUp(): void;
}
