/** How a model's video self-attention is computed; part of a model recipe. */
export type AttentionSettings =
  | { readonly kind: "dense" }
  | {
      readonly kind: "radial";
      /** Transformer blocks that stay dense: how many leading ones, or which, counted from 0. */
      readonly denseLayers: number | readonly number[];
      /** Leading sampling steps that stay dense. */
      readonly denseSteps: number;
      /** Sampling steps at the end that stay dense; absent: none. */
      readonly lastDenseSteps?: number;
      /** Decay factor of the published mask; smaller is sparser. */
      readonly decayFactor: number;
      readonly blockSize: 64 | 128;
    };

export const DENSE: AttentionSettings = { kind: "dense" };
