import { int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

const CHANNELS = 12;

export default defineNode({
  type: "EmptyMochiLatentVideo",
  title: "Empty video latent (Mochi)",
  category: "latent",
  description: "The size and length of a new clip of Mochi. Frames come in steps of 6, plus 1.",
  version: 1,
  inputs: {
    width: int({ default: 848, min: 16, max: 16384, step: 16 }),
    height: int({ default: 480, min: 16, max: 16384, step: 16 }),
    length: int({ default: 25, min: 7, max: 16384, step: 6, tooltip: "Frames." }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: { LATENT: output("LATENT") },
  run: (_context, { width, height, length, batch_size }) => {
    const frames = Math.floor((length - 1) / 6) + 1;
    const shape = [batch_size, CHANNELS, frames, Math.floor(height / 8), Math.floor(width / 8)];
    const count = shape.reduce((product, extent) => product * extent, 1);
    return { LATENT: { samples: { data: new Float32Array(count), shape } } };
  },
});
