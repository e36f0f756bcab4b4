/** The types that sockets carry, by ComfyUI's names, and the values behind them. */
import type {
  ClipRecipe,
  ClipVisionOutput,
  ClipVisionRecipe,
  Conditioning,
  Frames,
  Guider,
  Latent,
  LoraRef,
  MaskFrames,
  ModelRecipe,
  NoiseSource,
  SamplerChoice,
  Sigmas,
  VaeRecipe,
  Video,
} from "./values.ts";
import type {
  WanVideoClip,
  WanVideoModel,
  WanVideoPrompts,
  WanVideoSeen,
} from "./wan-video-values.ts";

export interface SocketValues {
  MODEL: ModelRecipe;
  CLIP: ClipRecipe;
  VAE: VaeRecipe;
  CLIP_VISION: ClipVisionRecipe;
  CLIP_VISION_OUTPUT: ClipVisionOutput;
  CONDITIONING: Conditioning;
  LATENT: Latent;
  IMAGE: Frames;
  MASK: MaskFrames;
  VIDEO: Video;
  SIGMAS: Sigmas;
  SAMPLER: SamplerChoice;
  GUIDER: Guider;
  NOISE: NoiseSource;
  /** 64-bit seeds do not fit a double: INT inputs made by `seed()` carry a bigint, all others a number. */
  INT: number | bigint;
  /** A list (one number a step) comes only to inputs made by `floatPerStep()`. */
  FLOAT: number | readonly number[];
  STRING: string;
  BOOLEAN: boolean;
  AUDIO: null;
  WANVIDEOMODEL: WanVideoModel;
  WANVIDLORA: readonly LoraRef[];
  WANTEXTENCODER: ClipRecipe;
  WANVIDEOTEXTEMBEDS: WanVideoPrompts;
  WANVIDIMAGE_EMBEDS: WanVideoClip;
  WANVIDIMAGE_CLIPEMBEDS: WanVideoSeen;
  WANVAE: VaeRecipe;
  /** What only changes how ComfyUI computes has no value here. */
  BLOCKSWAPARGS: null;
  WANCOMPILEARGS: null;
  /** Approximations that are not made here: whoever gets one says so. */
  FETAARGS: null;
  CACHEARGS: null;
  VHS_FILENAMES: null;
  "*": unknown;
}

export type SocketType = keyof SocketValues;
