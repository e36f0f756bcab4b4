/** How a model's video self-attention is computed; part of a model recipe. */
export type AttentionSettings =
  | { readonly kind: "dense" }
  | {
      readonly kind: "radial";
      /** Leading transformer blocks that stay dense. */
      readonly denseLayers: number;
      /** Leading sampling steps that stay dense. */
      readonly denseSteps: number;
      /** Decay factor of the published mask; smaller is sparser. */
      readonly decayFactor: number;
      readonly blockSize: 64 | 128;
    };

export const DENSE: AttentionSettings = { kind: "dense" };
