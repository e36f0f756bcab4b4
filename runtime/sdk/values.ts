/**
 * What travels on links. Everything is host data and immutable: device tensors live only while a node runs, so results
 * can be cached, sent between processes and outlive a device. Models travel as recipes: what to load and how to change
 * it, not the weights themselves.
 */
import type { AttentionSettings } from "./attention-settings.ts";

/** Row-major float32 values. */
export interface HostTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A checkpoint file (or sharded index) and the part of it that holds one model. */
export interface CheckpointRef {
  readonly path: string;
  /** Prefix of the model's tensors in the file, "" for the whole file ("model.diffusion_model." and the like). */
  readonly prefix: string;
  /** Model family that detection found, for example "wan". */
  readonly family: string;
}

export interface LoraRef {
  readonly path: string;
  /** Factor on the LoRA's own alpha / rank; may be negative. */
  readonly strength: number;
}

/** MODEL: a diffusion transformer with everything that was said about it on the way. */
export interface ModelRecipe {
  readonly kind: "model";
  readonly checkpoint: CheckpointRef;
  /** Merged in this order. */
  readonly loras: readonly LoraRef[];
  readonly attention: AttentionSettings;
  /** Flow shift set by ModelSamplingSD3; null: the family's default. */
  readonly shift: number | null;
  /**
   * Type in which weights are kept on the device; "default" keeps the file's. fp8_e4m3fn_fast keeps those of the blocks in
   * float8 with a scale a row and multiplies in float8 where the device can.
   */
  readonly weightType: "default" | "fp8_e4m3fn" | "fp8_e4m3fn_fast" | "fp8_e5m2";
}

/** CLIP: a text encoder with its tokeniser, or two. */
export interface ClipRecipe {
  readonly kind: "clip";
  readonly checkpoint: CheckpointRef;
  /** A second encoder, of which the row for the whole text is taken. */
  readonly pooled?: CheckpointRef;
  readonly loras: readonly LoraRef[];
}

/** CLIP_VISION: a model that describes pictures. */
export interface ClipVisionRecipe {
  readonly kind: "clip-vision";
  readonly checkpoint: CheckpointRef;
}

/** CLIP_VISION_OUTPUT */
export interface ClipVisionOutput {
  /** Rows before the last block, the class token first: [rows, width]. */
  readonly penultimate: HostTensor;
}

/** VAE. */
export interface VaeRecipe {
  readonly kind: "vae";
  readonly checkpoint: CheckpointRef;
}

/** LATENT: samples [B, C, T, h, w] on ComfyUI's node-to-node scale (process_out applied; empty latents are zeros). */
export interface Latent {
  readonly samples: HostTensor;
  /** ComfyUI's noise_mask, [1, 1, T, h, w]: 1 where the latent is to be made, 0 where it is known. */
  readonly mask?: HostTensor;
  /** Noise stream index of each batch item; absent: 0, 1, ... */
  readonly batchIndex?: readonly number[];
}

/** One prompt's embedding. */
export interface ConditioningPart {
  /** [tokens incl. end of text, width], without padding; the model family pads as it was trained. */
  readonly context: HostTensor;
  /** Further inputs that a family understands (pooled text, guidance ...). */
  readonly extra: Readonly<Record<string, HostTensor | number>>;
}
/** CONDITIONING */
export type Conditioning = readonly ConditioningPart[];

/** IMAGE: count frames [count, height, width, channels], values 0..1. */
export interface Frames {
  readonly data: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 3 | 4;
}

/** MASK: [count, height, width], values 0..1. */
export interface MaskFrames {
  readonly data: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** VIDEO */
export interface Video {
  readonly frames: Frames;
  readonly fps: number;
}

/** SIGMAS: descending noise levels, steps + 1 values. */
export type Sigmas = Float32Array;

/** NOISE */
export type NoiseSource =
  | { readonly kind: "random"; readonly seed: bigint }
  | { readonly kind: "none" };

/** SAMPLER */
export interface SamplerChoice {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean | string>>;
}

/** GUIDER */
export interface Guider {
  readonly model: ModelRecipe;
  readonly positive: Conditioning;
  /** Absent for a guider without classifier-free guidance. */
  readonly negative?: Conditioning;
  readonly cfg: number;
}
