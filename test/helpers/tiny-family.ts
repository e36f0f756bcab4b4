/** A diffusion family with two layers a block, small enough to check by hand: y = x W^T + b for each. */
import type { DiffusionFamily, Naming, TensorSpec } from "#runtime/sdk/model";

interface TinyConfig {
  readonly width: number;
  readonly blocks: number;
}

const original: Naming = {
  id: "original",
  canonical: (name) =>
    /^(blocks\.\d+\.(attn\.q|ffn)|head)\.(weight|bias)$|^shift$/.test(name) ? name : null,
};
const diffusers: Naming = {
  id: "diffusers",
  canonical(name) {
    if (name === "scale_shift_table") return "shift";
    const found =
      /^(?:(transformer_blocks\.\d+\.)(attn1\.to_q|ff\.net)|(proj_out))\.(weight|bias)$/.exec(name);
    if (found === null) return null;
    const [, block, layer, , ending] = found;
    if (block === undefined) return `head.${ending}`;
    const part = layer === "ff.net" ? "ffn" : "attn.q";
    return `${block.replace("transformer_", "")}${part}.${ending}`;
  },
};

function layer(name: string, out: number, input: number): TensorSpec[] {
  return [
    { name: `${name}.weight`, shape: [out, input] },
    { name: `${name}.bias`, shape: [out] },
  ];
}

export const tinyFamily: DiffusionFamily<TinyConfig> = {
  family: "tiny",
  title: "Tiny",
  kind: "diffusion",
  namings: [original, diffusers],
  detect(header) {
    const width = header.tensors.get("blocks.0.attn.q.weight")?.shape[1];
    if (width === undefined || !header.tensors.has("head.weight")) return null;
    let blocks = 0;
    while (header.tensors.has(`blocks.${blocks}.attn.q.weight`)) blocks++;
    return { width, blocks };
  },
  published: [],
  unsupported: (header) =>
    header.tensors.has("blocks.0.ffn.weight") ? "a variant without attention" : null,
  tensors: ({ width, blocks }) => [
    { name: "shift", shape: [1, width] },
    ...Array.from({ length: blocks }, (_, i) => [
      ...layer(`blocks.${i}.attn.q`, width, width),
      ...layer(`blocks.${i}.ffn`, 2 * width, width),
    ]).flat(),
    ...layer("head", 3, width),
  ],
  create: () => ({ forward: ({ latent }) => latent }),
  latent: {
    channels: 1,
    spatialFactor: 1,
    temporalFactor: 1,
    mean: [0],
    std: [1],
    rgb: [[1, 1, 1]],
    rgbBias: [0, 0, 0],
  },
  defaultShift: 1,
  timestepFactor: 1000,
  tokenGrid: (_, [, frames = 0, height = 0, width = 0]) => ({ frames, height, width }),
  textWidth: ({ width }) => width,
  layers: ({ blocks }) => blocks,
  quantizes: (name) => /^blocks\.\d+\./.test(name),
  maskKind: "wan",
};
