/** Names that Wan's video autoencoders, 2.1 and 2.2, have in the original repositories and in diffusers. */
/** [canonical, diffusers] of what follows a residual block's or resampler's own name. */
const PART_NAMES: readonly (readonly [string, string])[] = [
  ["residual.0", "norm1"],
  ["residual.2", "conv1"],
  ["residual.3", "norm2"],
  ["residual.6", "conv2"],
  ["shortcut", "conv_shortcut"],
  ["resample.1", "resample.1"],
  ["time_conv", "time_conv"],
];
const MODULE_NAMES: readonly (readonly [string, string])[] = [
  ["conv1", "conv_in"],
  ["middle.0", "mid_block.resnets.0"],
  ["middle.1", "mid_block.attentions.0"],
  ["middle.2", "mid_block.resnets.1"],
  ["head.0", "norm_out"],
  ["head.2", "conv_out"],
];
/** A layer outside of the levels; null for others. */
export function diffusersModule(name: string): string | null {
  for (const [to, from] of MODULE_NAMES) {
    if (name.startsWith(`${from}.`)) return `${to}.${partName(name.slice(from.length + 1))}`;
  }
  return null;
}

/** What stands inside of a layer. */
export function partName(name: string): string {
  for (const [to, from] of PART_NAMES) {
    if (name.startsWith(`${from}.`)) return to + name.slice(from.length);
  }
  return name;
}

/** The 1x1x1 convolutions between the halves and the latent. */
export function diffusersQuant(name: string): string | null {
  const quant = /^(post_)?quant_conv\.(weight|bias)$/.exec(name);
  return quant === null ? null : `${quant[1] === undefined ? "conv1" : "conv2"}.${quant[2]}`;
}
