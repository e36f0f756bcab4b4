/**
 * The HunyuanVideo autoencoder (arXiv 2412.03603; checked against AutoencoderKLCausal3D of the HunyuanVideo repository):
 * causal 3-D convolutions that take 4k+1 frames to k+1 latent frames of an eighth of the size and back. Its group norms
 * are over all frames, so a clip cannot be worked off piece by piece: the authors decode in overlapping tiles.
 * Activations are [frames, height, width, channels].
 */
import { UmbelError } from "#runtime/errors";
import { denseLayer } from "#runtime/nn/dense-layer";
import { edgeConv } from "#runtime/nn/edge-conv";
import { asMatrix } from "#runtime/nn/patches";
import { replace } from "#runtime/nn/replace";
import type {
  CheckpointHeader,
  LatentGeometry,
  Naming,
  TensorSpec,
  VaeFamily,
  VideoAutoencoder,
  Weights,
} from "#runtime/sdk/model";
import { add, attention, cat, groupNorm, linear, upsample2x } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";

interface HunyuanVaeConfig {
  readonly latentChannels: number;
  readonly frameChannels: number;
  /** Channels of each level, largest frames first. */
  readonly widths: readonly number[];
  /** Residual blocks of a level of the encoder; the decoder has one more. */
  readonly blocks: number;
  readonly groups: number;
  /** Edge in pixels and frames of a tile of the authors' default decoding. */
  readonly tileSize: number;
  readonly tileFrames: number;
}

const EPS = 1e-6;
const OVERLAP = 0.25;
const geometry: LatentGeometry = { channels: 16, spatialFactor: 8, temporalFactor: 4 };
/** The levels next to the latent change the number of frames too. */
const TEMPORAL_LEVELS = Math.log2(geometry.temporalFactor);

// Names

const original: Naming = {
  id: "original",
  canonical: (name) =>
    /^(encoder|decoder)\.(conv_in|conv_out|conv_norm_out|mid_block|down_blocks|up_blocks)\.|^(post_)?quant_conv\./.test(
      name,
    )
      ? name
      : null,
};

const LDM_PARTS: readonly (readonly [RegExp, string])[] = [
  [/^norm_out\./, "conv_norm_out."],
  [/^mid\.attn_1\.norm\./, "mid_block.attentions.0.group_norm."],
  [/^mid\.attn_1\.proj_out\./, "mid_block.attentions.0.to_out.0."],
  [/^mid\.attn_1\.([qkv])\./, "mid_block.attentions.0.to_$1."],
  [/^mid\.block_1\./, "mid_block.resnets.0."],
  [/^mid\.block_2\./, "mid_block.resnets.1."],
];
const LDM_LEVEL = /^(down|up)\.(\d+)\.(?:block\.(\d+)|(?:down|up)sample)\.(.+)$/;
const LDM_LEVELS = 4;

/** ComfyUI's names; they count the levels of the decoder from its end. */
const ldm: Naming = {
  id: "ldm",
  canonical(name) {
    if (/^(post_)?quant_conv\./.test(name)) return name;
    const [, half, rest] = /^(encoder|decoder)\.(.+)$/.exec(name) ?? [];
    if (half === undefined || rest === undefined) return null;
    if (/^conv_(in|out)\./.test(rest)) return name;
    const level = LDM_LEVEL.exec(rest);
    if (level !== null) {
      const [, way, index, block, part = ""] = level;
      const at = way === "up" ? LDM_LEVELS - 1 - Number(index) : Number(index);
      const layer = block === undefined ? `${way}samplers.0` : `resnets.${block}`;
      return `${half}.${way}_blocks.${at}.${layer}.${part.replace("nin_shortcut", "conv_shortcut")}`;
    }
    const known = LDM_PARTS.find(([pattern]) => pattern.test(rest));
    return known === undefined ? null : `${half}.${rest.replace(known[0], known[1])}`;
  },
};

// Configuration

function stated(header: CheckpointHeader): Record<string, unknown> {
  try {
    const config: unknown = JSON.parse(header.metadata["config"] ?? "{}");
    return typeof config === "object" && config !== null ? { ...config } : {};
  } catch {
    return {};
  }
}

function detect(header: CheckpointHeader): HunyuanVaeConfig | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const [, frameChannels = 0, ...kernel] = shape("encoder.conv_in.conv.weight");
  const [, latentChannels = 0] = shape("decoder.conv_in.conv.weight");
  if (kernel.length !== 3 || frameChannels === 0 || latentChannels === 0) return null;
  if (!header.tensors.has("decoder.mid_block.attentions.0.group_norm.weight")) return null;
  const levels = blockCount(header.tensors.keys(), "encoder.down_blocks.");
  const widths = Array.from(
    { length: levels },
    (_, i) => shape(`encoder.down_blocks.${i}.resnets.0.conv1.conv.weight`)[0] ?? 0,
  );
  const config = stated(header);
  const number = (key: string, otherwise: number): number => {
    const value = config[key];
    return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : otherwise;
  };
  const groups = number("norm_num_groups", 32);
  if (widths.length === 0 || widths.some((width) => width === 0 || width % groups !== 0))
    return null;
  return {
    latentChannels,
    frameChannels,
    widths,
    blocks: blockCount(header.tensors.keys(), "encoder.down_blocks.0.resnets."),
    groups,
    tileSize: number("sample_size", 256),
    tileFrames: number("sample_tsize", 64),
  };
}

function tensors(config: HunyuanVaeConfig): TensorSpec[] {
  const { widths, blocks, latentChannels: z, frameChannels } = config;
  const result: TensorSpec[] = [];
  const layer = (name: string, out: number, ...input: number[]) => {
    result.push({ name: `${name}.weight`, shape: [out, ...input] });
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  const conv = (name: string, out: number, input: number, kernel = 3) =>
    layer(`${name}.conv`, out, input, kernel, kernel, kernel);
  const residual = (name: string, input: number, out: number) => {
    layer(`${name}.norm1`, input);
    conv(`${name}.conv1`, out, input);
    layer(`${name}.norm2`, out);
    conv(`${name}.conv2`, out, out);
    if (input !== out) conv(`${name}.conv_shortcut`, out, input, 1);
  };
  const half = (name: "encoder" | "decoder", input: number, out: number) => {
    const isEncoder = name === "encoder";
    const levels = isEncoder ? widths : widths.toReversed();
    const middle = widths.at(-1) as number;
    let width = levels[0] as number;
    conv(`${name}.conv_in`, isEncoder ? (widths[0] as number) : middle, input);
    for (const [i, channels] of levels.entries()) {
      const level = `${name}.${isEncoder ? "down" : "up"}_blocks.${i}`;
      for (let b = 0; b < (isEncoder ? blocks : blocks + 1); b++) {
        residual(`${level}.resnets.${b}`, width, channels);
        width = channels;
      }
      if (i === levels.length - 1) continue;
      conv(`${level}.${isEncoder ? "down" : "up"}samplers.0.conv`, channels, channels);
    }
    residual(`${name}.mid_block.resnets.0`, middle, middle);
    residual(`${name}.mid_block.resnets.1`, middle, middle);
    const attn = `${name}.mid_block.attentions.0`;
    layer(`${attn}.group_norm`, middle);
    for (const part of ["to_q", "to_k", "to_v", "to_out.0"])
      layer(`${attn}.${part}`, middle, middle);
    layer(`${name}.conv_norm_out`, width);
    conv(`${name}.conv_out`, out, width);
  };
  half("encoder", frameChannels, 2 * z);
  half("decoder", z, frameChannels);
  layer("quant_conv", 2 * z, 2 * z, 1, 1, 1);
  layer("post_quant_conv", z, z, 1, 1, 1);
  return result;
}

// Layers

type Layer = (x: Tensor) => Tensor;

/** The network's layers over one set of weights. */
class Network {
  readonly #config: HunyuanVaeConfig;
  readonly #weights: Weights;

  constructor(config: HunyuanVaeConfig, weights: Weights) {
    this.#config = config;
    this.#weights = weights;
  }

  /** [T, h, w, latent channels] -> [frames, H, W, frame channels] */
  decoder(): Layer[] {
    const { widths, blocks } = this.#config;
    const levels = widths.length;
    const layers: Layer[] = [
      (x) => this.#pointwise("post_quant_conv", x),
      (x) => this.#conv("decoder.conv_in", x),
      ...this.#middle("decoder.mid_block"),
    ];
    for (let i = 0; i < levels; i++) {
      const level = `decoder.up_blocks.${i}`;
      for (let b = 0; b <= blocks; b++) layers.push(this.#residual(`${level}.resnets.${b}`));
      if (i === levels - 1) continue;
      if (i >= levels - 1 - TEMPORAL_LEVELS) layers.push(doubleFrames);
      layers.push(upsample2x, (x) => this.#conv(`${level}.upsamplers.0.conv`, x));
    }
    layers.push(this.#norm("decoder.conv_norm_out", true), (x) =>
      this.#conv("decoder.conv_out", x),
    );
    return layers;
  }

  /** [frames, H, W, frame channels] -> mean [T, h, w, latent channels] */
  encoder(): Layer[] {
    const { widths, blocks, latentChannels } = this.#config;
    const levels = widths.length;
    const layers: Layer[] = [(x) => this.#conv("encoder.conv_in", x)];
    for (let i = 0; i < levels; i++) {
      const level = `encoder.down_blocks.${i}`;
      for (let b = 0; b < blocks; b++) layers.push(this.#residual(`${level}.resnets.${b}`));
      if (i === levels - 1) continue;
      const frames = i >= levels - 1 - TEMPORAL_LEVELS ? 2 : 1;
      const conv = `${level}.downsamplers.0.conv.conv`;
      layers.push((x) => edgeConv(this.#weights, conv, x, { stride: [frames, 2, 2] }));
    }
    layers.push(
      ...this.#middle("encoder.mid_block"),
      this.#norm("encoder.conv_norm_out", true),
      (x) => this.#conv("encoder.conv_out", x),
      // The other half of the outputs is the logarithm of the variance.
      (x) => this.#pointwise("quant_conv", x, latentChannels),
    );
    return layers;
  }

  /** Frees x. */
  #conv(name: string, x: Tensor, residual?: Tensor): Tensor {
    const options = residual === undefined ? {} : { residual };
    return edgeConv(this.#weights, `${name}.conv`, x, { ...options, frees: true });
  }

  /** A 1x1x1 convolution, or its first `outputs`. */
  #pointwise(name: string, x: Tensor, outputs?: number): Tensor {
    const weight = this.#weights.get(`${name}.weight`, asMatrix);
    const bias = this.#weights.get(`${name}.bias`);
    return linear(x, weight.slice(0, 0, outputs), bias.slice(0, 0, outputs));
  }

  #norm(name: string, activate: boolean): Layer {
    const { groups } = this.#config;
    return (x) => {
      const [weight, bias] = [
        this.#weights.get(`${name}.weight`),
        this.#weights.get(`${name}.bias`),
      ];
      const options = { groups, eps: EPS, activate };
      return scope(() =>
        groupNorm(x.reshape([1, ...x.shape]), weight, bias, options).reshape(x.shape),
      );
    };
  }

  #residual(name: string): Layer {
    return (x) => {
      const hidden = scope(() => this.#conv(`${name}.conv1`, this.#norm(`${name}.norm1`, true)(x)));
      const normed = replace(hidden, this.#norm(`${name}.norm2`, true));
      const narrows = this.#weights.has(`${name}.conv_shortcut.conv.weight`);
      const shortcut = narrows ? this.#pointwise(`${name}.conv_shortcut.conv`, x) : x;
      return this.#conv(`${name}.conv2`, normed, shortcut);
    };
  }

  #middle(name: string): Layer[] {
    return [
      this.#residual(`${name}.resnets.0`),
      this.#attention(`${name}.attentions.0`),
      this.#residual(`${name}.resnets.1`),
    ];
  }

  /** One head; a pixel sees its own frame and those before. */
  #attention(name: string): Layer {
    return (x) => {
      const [frames = 0, height = 0, width = 0, channels = 0] = x.shape;
      const pixels = height * width;
      const normed = this.#norm(`${name}.group_norm`, false)(x);
      const part = (key: string) =>
        denseLayer(this.#weights, `${name}.to_${key}`, normed).reshape([-1, 1, channels]);
      const [q, k, v] = [part("q"), part("k"), part("v")];
      const each = Array.from({ length: frames }, (_, f) => {
        const end = (f + 1) * pixels;
        return attention(q.slice(0, f * pixels, end), k.slice(0, 0, end), v.slice(0, 0, end));
      });
      return add(x, denseLayer(this.#weights, `${name}.to_out.0`, cat(each, 0).reshape(x.shape)));
    };
  }
}

/** Every frame twice, except the first. */
function doubleFrames(x: Tensor): Tensor {
  const [frames = 0, ...frame] = x.shape;
  if (frames < 2) return x;
  const rest = x.slice(0, 1).reshape([frames - 1, 1, ...frame]);
  return cat([x.slice(0, 0, 1), cat([rest, rest], 1).reshape([2 * (frames - 1), ...frame])], 0);
}

function runLayers(layers: readonly Layer[], x: Tensor): Tensor {
  return layers.reduce((state, layer) => replace(state, layer), x);
}

// Videos

function create(config: HunyuanVaeConfig, weights: Weights): VideoAutoencoder {
  const network = new Network(config, weights);
  return {
    tiles: {
      size: config.tileSize / geometry.spatialFactor,
      frames: config.tileFrames / geometry.temporalFactor,
      overlap: OVERLAP,
    },
    async decode(z, onFrames) {
      if (z.rank !== 4 || z.shape[0] !== config.latentChannels || z.numel === 0) {
        throw new UmbelError(
          "ERR_SHAPE",
          `Expected a latent [${config.latentChannels}, T, h, w], got [${z.shape.join(", ")}].`,
        );
      }
      using frames = scope(() =>
        runLayers(network.decoder(), z.permute([1, 2, 3, 0]).contiguous()),
      );
      await onFrames(frames, 0);
    },
    async encode(count, nextFrames) {
      if (!Number.isInteger(count) || count < 1) {
        throw new UmbelError("ERR_SHAPE", `Expected at least one frame to encode, got ${count}.`);
      }
      const { temporalFactor } = geometry;
      const whole = count - ((count - 1) % temporalFactor);
      using frames = await nextFrames(0, whole);
      checkFrames(config, frames, whole);
      const encoded = scope(() => {
        const latent = runLayers(network.encoder(), frames.reshape(frames.shape));
        return latent.permute([3, 0, 1, 2]).contiguous();
      });
      await weights.device.sync();
      return encoded;
    },
  };
}

function checkFrames({ frameChannels }: HunyuanVaeConfig, frames: Tensor, count: number): void {
  const { spatialFactor } = geometry;
  const [n, height = 0, width = 0, channels] = frames.shape;
  const whole = height % spatialFactor === 0 && width % spatialFactor === 0 && frames.numel > 0;
  if (whole && frames.rank === 4 && n === count && channels === frameChannels) return;
  throw new UmbelError(
    "ERR_SHAPE",
    `Expected frames [${count}, H, W, ${frameChannels}], H and W multiples of ${spatialFactor}, ` +
      `got [${frames.shape.join(", ")}]. Crop or scale them.`,
  );
}

const hunyuanVae: VaeFamily<HunyuanVaeConfig> = {
  family: "hunyuan-vae",
  title: "HunyuanVideo autoencoder",
  kind: "vae",
  namings: [original, ldm],
  detect,
  published: [
    {
      title: "HunyuanVideo VAE",
      fileName: /hunyuan.*vae/i,
      config: {
        latentChannels: 16,
        frameChannels: 3,
        widths: [128, 256, 512, 512],
        blocks: 2,
        groups: 32,
        tileSize: 256,
        tileFrames: 64,
      },
    },
  ],
  tensors,
  create,
  latent: geometry,
};

export default hunyuanVae;
