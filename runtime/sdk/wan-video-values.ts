/** What travels on the links of ComfyUI-WanVideoWrapper's nodes. */
import type { AttentionSettings } from "./attention-settings.ts";
import type { Conditioning, ConditioningPart, HostTensor, ModelRecipe } from "./values.ts";

/** WANVIDEOMODEL */
export interface WanVideoModel {
  readonly recipe: ModelRecipe;
  /** The loader's attention mode is the radial one; in any other the settings do nothing. */
  readonly isRadial: boolean;
  readonly radial: Extract<AttentionSettings, { kind: "radial" }>;
}

/** Settings of the radial mode where no node sets them. */
export const WAN_VIDEO_RADIAL: WanVideoModel["radial"] = {
  kind: "radial",
  denseLayers: 1,
  denseSteps: 1,
  decayFactor: 0.2,
  blockSize: 128,
};

/** WANVIDEOTEXTEMBEDS */
export interface WanVideoPrompts {
  readonly positive: Conditioning;
  readonly negative: Conditioning | null;
}

/** WANVIDIMAGE_CLIPEMBEDS: what CLIP vision sees, [rows, width]; beside the negative prompt as well where it is null there. */
export interface WanVideoSeen {
  readonly positive: HostTensor;
  readonly negative: HostTensor | null;
}

/** WANVIDIMAGE_EMBEDS: pixels and frames of a clip, and of one with known pictures what the model takes besides a prompt. */
export interface WanVideoClip {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly positive?: ConditioningPart["extra"];
  readonly negative?: ConditioningPart["extra"];
}
