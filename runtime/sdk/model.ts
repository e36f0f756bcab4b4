/**
 * What a model family file exports: how to recognise a checkpoint, which tensors it must hold under which names, and
 * how to compute with them. The engine lists runtime/models/; a family is registered by existing.
 */
import type { BlockMask } from "#runtime/attention/block-mask";
import type { Device } from "#runtime/tensor/device";
import type { DType, Tensor } from "#runtime/tensor/tensor";

export interface TensorInfo {
  readonly shape: readonly number[];
  readonly dtype: DType | "other";
}

/** Names and shapes of a file, without its data. */
export interface CheckpointHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor that a model of a given configuration needs, under its canonical (original repository's) name. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly optional?: boolean;
  /** Rows of the pieces in which other namings store it (the queries, keys and values of one product). */
  readonly runs?: readonly number[];
}

/** What a tensor of another naming is of a canonical one, where it is not the same. */
export interface TensorPiece {
  readonly name: string;
  /** Which of the spec's `runs`; absent: all rows. */
  readonly run?: number;
  /** The two halves of its rows stand the other way round. */
  readonly swapped?: boolean;
}

/** Changes a weight once, when it is realised; `key` names the change, since results are kept by (name, key). */
export interface WeightPreparation {
  readonly key: string;
  apply(weight: Tensor): Tensor;
}

/**
 * Weights of one model on one device, under canonical names, LoRAs merged. Tensors belong to the manager: callers do
 * not dispose them. Throws ERR_MISSING_TENSOR.
 */
export interface Weights {
  readonly device: Device;
  has(name: string): boolean;
  get(name: string, preparation?: WeightPreparation): Tensor;
}

/** A naming that occurs in files. Returns the canonical name, or null when the name is not of this naming. */
export interface Naming {
  readonly id: string;
  canonical(name: string): string | TensorPiece | null;
}

/** A configuration that was published, for planning a run without its file; never used to read a file. */
export interface PublishedModel<Config> {
  readonly title: string;
  /** What its files are called. */
  readonly fileName: RegExp;
  readonly config: Config;
}

/** The kind's part that every family file has. */
export interface ModelFamily<Config, Instance> {
  readonly family: string;
  readonly title: string;
  readonly kind: "diffusion" | "vae" | "text-encoder" | "clip-vision";
  /** Namings that occur in files, canonical first; prefixes are stripped before they are asked. */
  readonly namings: readonly Naming[];
  /** Reads the configuration off names and shapes; null when this is not such a model. Canonical names. */
  detect(header: CheckpointHeader): Config | null;
  /** Why `detect` refuses a checkpoint that is of this family's kin but of a variant that it does not run. */
  unsupported?(header: CheckpointHeader): string | null;
  /** The nearest fit first. */
  readonly published: readonly PublishedModel<Config>[];
  /** Every tensor of that configuration. */
  tensors(config: Config): readonly TensorSpec[];
  create(config: Config, weights: Weights): Instance;
}

/** Block mask of a layer's video self-attention; null: dense. */
export type LayerAttention = (layer: number) => BlockMask | null;

export interface DiffusionInput {
  /** [C, T, h, w], model space. */
  readonly latent: Tensor;
  /** 0..1000 for the families that train on a thousand steps. */
  readonly timestep: number;
  /** [tokens, width], unpadded. */
  readonly context: Tensor;
  /** [T, h, w]: 1 where the latent is to be made, 0 where it is known; absent: all is to be made. */
  readonly unknown?: Float32Array;
  /** Further inputs by name, as conditioning parts carry them; a family takes those it knows. */
  readonly extra?: Readonly<Record<string, Tensor | number>>;
  readonly attention?: LayerAttention;
}

export interface DiffusionModel {
  /** Predicts the flow (noise - data), same shape as the latent. Enqueues only. */
  forward(input: DiffusionInput): Tensor;
}

/** How latents relate to frames in size: a pixel each spatialFactor^2, 1 + (frames - 1) / temporalFactor frames. */
export interface LatentGeometry {
  readonly channels: number;
  readonly spatialFactor: number;
  readonly temporalFactor: number;
}

/** Per-channel scale between ComfyUI's node-to-node latents and model space, and the colours of a preview. */
export interface LatentFormat extends LatentGeometry, LatentColours {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A linear map from a latent pixel to the colour it stands for, in -1..1. */
export interface LatentMap {
  /** [channels][3], on model-space values. */
  readonly rgb: readonly (readonly [number, number, number])[];
  readonly rgbBias: readonly [number, number, number];
}

export interface LatentColours extends LatentMap {
  /** Of the first latent frame, which stands for one frame alone; absent: as the others. */
  readonly first?: LatentMap;
}

export interface TokenGrid {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

export interface DiffusionFamily<Config = unknown> extends ModelFamily<Config, DiffusionModel> {
  readonly kind: "diffusion";
  readonly latent: LatentFormat;
  /** Flow shift when nothing sets it, and the factor from sigma to timestep. */
  readonly defaultShift: number;
  readonly timestepFactor: number;
  /** Transformer tokens of a latent [C, T, h, w]. */
  tokenGrid(config: Config, latentShape: readonly number[]): TokenGrid;
  /** Width of the text embeddings that the model takes. */
  textWidth(config: Config): number;
  /** Whether a matrix may be kept in scaled float8: `create` uses it in layers of runtime/nn/dense-layer.ts only. */
  quantizes?(name: string): boolean;
  /** Transformer blocks, the unit of dense_layers and of weight streaming. */
  layers(config: Config): number;
  readonly maskKind: "wan" | "hunyuan";
  /**
   * Known parts of a latent (a mask beside it says which) stay as they are in every step and the model is told; absent:
   * they are noised like the rest and only put back.
   */
  readonly keepsKnownLatents?: boolean;
  /** Further inputs that a configuration was trained with, for a pass without a graph. */
  extraShapes?(config: Config): Readonly<Record<string, readonly number[]>>;
}

/** Overlapping tiles in latent units; neighbours share `overlap` (0..1) of one. */
export interface DecodeTiles {
  readonly size: number;
  readonly frames: number;
  readonly overlap: number;
}

export interface VideoAutoencoder {
  /** The half that its file does not hold; using it throws ERR_CHECKPOINT. */
  readonly lacks?: "decoder" | "encoder";
  /** Tiles in which larger clips are decoded by default, where a clip cannot be decoded piece by piece. */
  readonly tiles?: DecodeTiles;
  /**
   * latent [C, T, h, w] in the autoencoder's own scale -> frames 4(T-1)+1 of [n, H, W, 3] in -1..1, handed out in order
   * as they are made and disposed afterwards; memory does not grow with T, except where there are `tiles`. Where much is
   * done before the first frames, `onStep` is called in between with the share that is done (0..1); it may throw to stop.
   */
  decode(
    latent: Tensor,
    onFrames: (frames: Tensor, first: number) => Promise<void>,
    onStep?: (share: number) => void,
  ): Promise<void>;
  /**
   * Frames are asked for in order as [n, H, W, 3] in -1..1 and disposed here; those behind the last whole group are left
   * out. Returns the latent mean [C, T, h, w]. Throws ERR_SHAPE when a size is not a multiple of the spatial factor.
   */
  encode(
    count: number,
    nextFrames: (first: number, count: number) => Promise<Tensor>,
  ): Promise<Tensor>;
}

export interface VaeFamily<Config = unknown> extends ModelFamily<Config, VideoAutoencoder> {
  readonly kind: "vae";
  readonly latent: LatentGeometry;
}

export interface TextEncoderOptions {
  /** Last blocks that are left out, and with them the norm behind the last. */
  readonly skipLayers?: number;
  /** Only the first so many tokens are looked at; those behind them stand for padding, and are for LLaMA alone. */
  readonly seen?: number;
}

export interface TextEncoder {
  /** ids int32 -> [n, width]; no padding. */
  forward(ids: Int32Array, options?: TextEncoderOptions): Tensor;
}

export interface TextEncoderFamily<Config = unknown> extends ModelFamily<Config, TextEncoder> {
  readonly kind: "text-encoder";
  /** Whose tokeniser it wants where its file holds none; absent: a sentencepiece model beside it. */
  readonly tokenizer?: "llama" | "clip";
}

/** Of one picture; both belong to the caller. */
export interface ClipVisionFeatures {
  /** Rows before the last block: [rows, width]. */
  readonly penultimate: Tensor;
  /** In the space that pictures and texts share: [1, width]. */
  readonly embedding: Tensor;
}

export interface ClipVisionModel {
  /** Pixels of a side of its pictures. */
  readonly imageSize: number;
  /** Normalised colours [3, size, size]. */
  forward(pixels: Tensor): ClipVisionFeatures;
}

export interface ClipVisionFamily<Config = unknown> extends ModelFamily<Config, ClipVisionModel> {
  readonly kind: "clip-vision";
}
