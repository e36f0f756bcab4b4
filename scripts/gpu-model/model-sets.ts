/** The published models whose speed is measured: which files they consist of, and at which size they run. */
import type { AnyFamily } from "#runtime/engine/models/families";
import type { AttentionSettings } from "#runtime/sdk/attention-settings";
import type { TensorSpec } from "#runtime/sdk/model";
import { loraSpecs, publishedTensors } from "./random-checkpoint.ts";
import type { VideoSize } from "./rows.ts";

export type ModelSetName = "wan" | "hunyuan" | "mochi" | "wan22";

export interface ModelSet {
  readonly size: VideoSize;
  /** Rows of the prompt's embedding. */
  readonly textTokens: number;
  /** The published settings, in every layer. */
  readonly radial: AttentionSettings;
  /** Tensors of each file below the folder of weights. */
  readonly files: Readonly<
    Record<string, (families: readonly AnyFamily[]) => readonly TensorSpec[]>
  >;
}

const radial = (decayFactor: number): AttentionSettings => ({
  kind: "radial",
  denseLayers: 0,
  denseSteps: 0,
  decayFactor,
  blockSize: 128,
});

const of = (family: string, title: RegExp) => (families: readonly AnyFamily[]) =>
  publishedTensors(families, family, title);
const wan14b = of("wan", /^Wan 14B$/);

export const MODEL_SETS: Readonly<Record<ModelSetName, ModelSet>> = {
  // Either expert of Wan 2.2 A14B has the same tensors, and the same autoencoder behind it.
  wan: {
    size: { width: 1280, height: 768, frames: 69 },
    textTokens: 512,
    radial: radial(0.2),
    files: {
      "diffusion_models/wan2.1_t2v_14B_bf16.safetensors": wan14b,
      "loras/rank64.safetensors": (families) => loraSpecs(wan14b(families), 64),
      "vae/wan_2.1_vae.safetensors": of("wan-vae", /2\.1/),
      "text_encoders/umt5_xxl_bf16.safetensors": of("umt5", /^UMT5-XXL/),
    },
  },
  hunyuan: {
    size: { width: 1280, height: 768, frames: 117 },
    textTokens: 256,
    radial: radial(0.95),
    files: {
      "diffusion_models/hunyuan_video_t2v_720p_bf16.safetensors": of("hunyuan-video", /13B/),
      "vae/hunyuan_video_vae_bf16.safetensors": of("hunyuan-vae", /VAE/),
    },
  },
  mochi: {
    size: { width: 848, height: 480, frames: 163 },
    textTokens: 256,
    radial: radial(0.95),
    files: {
      "diffusion_models/mochi_preview_bf16.safetensors": of("mochi", /preview/),
      "vae/mochi_vae.safetensors": of("mochi-vae", /VAE/),
    },
  },
  wan22: {
    size: { width: 1280, height: 704, frames: 121 },
    textTokens: 512,
    radial: radial(0.2),
    files: {
      "diffusion_models/wan2.2_ti2v_5B_bf16.safetensors": of("wan22", /5B/),
      "vae/wan2.2_vae.safetensors": of("wan22-vae", /2\.2/),
    },
  },
};

export function isModelSetName(name: string): name is ModelSetName {
  return Object.hasOwn(MODEL_SETS, name);
}
