import { attendedShare, blockCount, density } from "#runtime/attention/csr";
import { maskPicture } from "#runtime/attention/mask-picture";
import { radialMask } from "#runtime/attention/radial";
import { combo, float, int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "RadialMaskPreview",
  title: "Radial mask",
  category: "analysis",
  description:
    "The block mask of radial attention for a clip's size (Wan 2.1), its density and share of the work.",
  version: 1,
  inputs: {
    width: int({ default: 1280, min: 16, max: 16384, step: 16 }),
    height: int({ default: 768, min: 16, max: 16384, step: 16 }),
    length: int({ default: 69, min: 1, max: 16384, step: 4, tooltip: "Frames." }),
    decay_factor: float({ default: 0.2, min: 0, max: 1, step: 0.01 }),
    block_size: combo([128, 64]),
  },
  outputs: { IMAGE: output("IMAGE"), density: output("FLOAT") },
  output: true,
  run: (context, { width, height, length, decay_factor, block_size }) => {
    const frames = Math.floor((length - 1) / 4) + 1;
    const tokensPerFrame = Math.floor(width / 16) * Math.floor(height / 16);
    const mask = radialMask({
      tokensPerFrame,
      frames,
      textTokens: 0,
      decayFactor: decay_factor,
      blockSize: block_size,
      kind: "wan",
    });
    const share = density(mask);
    context.publish({
      kind: "text",
      text:
        `${mask.tokens} tokens in ${blockCount(mask)} blocks of ${block_size}: density ${(share * 100).toFixed(2)} %, ` +
        `${(attendedShare(mask) * 100).toFixed(2)} % of the work of dense attention`,
    });
    return { IMAGE: maskPicture(mask, { tokensPerFrame, frames }), density: share };
  },
});
