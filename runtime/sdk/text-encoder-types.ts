/** What loaders of text encoders call the model families whose prompts are encoded here, by ComfyUI's names. */
export const TEXT_ENCODER_TYPES = ["wan", "mochi"] as const;
