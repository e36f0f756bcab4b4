/**
 * The Mochi-1 autoencoder (AsymmVAE; checked against genmo's Mochi repository): causal 3-D convolutions that take 6k+1
 * frames to k+1 latent frames of an eighth of the size and back. Group norms are of each frame, so that a clip is decoded
 * latent frame by latent frame while each convolution keeps the tail of its own input. genmo has decoder and encoder in a
 * file each; one of them may be absent. Activations are [frames, height, width, channels].
 */
import { UmbelError } from "#runtime/errors";
import { causalBias } from "#runtime/nn/causal-bias";
import { denseLayer } from "#runtime/nn/dense-layer";
import { edgeConv } from "#runtime/nn/edge-conv";
import { asMatrix } from "#runtime/nn/patches";
import { replace } from "#runtime/nn/replace";
import { runSegments, VideoStream, type Layer, type Segment } from "#runtime/nn/video-stream";
import type {
  CheckpointHeader,
  LatentGeometry,
  Naming,
  TensorSpec,
  VaeFamily,
  VideoAutoencoder,
  Weights,
} from "#runtime/sdk/model";
import {
  add,
  affine,
  attention,
  cat,
  cosSin,
  groupNorm,
  linear,
  rmsNorm,
  silu,
} from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

/** Residual blocks of one width, with or without attention, and what changes the size before or behind them. */
interface Level {
  readonly name: string;
  readonly channels: number;
  readonly blocks: number;
  readonly attends: boolean;
  /** Factors by which frames, rows and columns grow (decoder) or shrink (encoder); null: none. */
  readonly step: { readonly frames: number; readonly pixels: number } | null;
}

interface MochiVaeConfig {
  /** Frames of more pixels than this pass one by one. */
  readonly groupedPixels: number;
  readonly latentChannels: number;
  readonly frameChannels: number;
  readonly decoder: readonly Level[] | null;
  readonly encoder: readonly Level[] | null;
}

const EPS = 1e-5;
const GROUPS = 32;
/** Width of the heads of the encoder's attention over time. */
const HEAD_DIM = 32;
/** Frames enter the encoder with sines and cosines of 2^f 2 pi x. */
const FREQUENCIES = [6, 7];
const PIXEL_STEP = 2;
/** Frames up to this size pass in groups, those that a latent frame stands for; larger ones need the memory more. */
const GROUPED_PIXELS = 320 * 320;
const geometry: LatentGeometry = { channels: 12, spatialFactor: 8, temporalFactor: 6 };

// Names

/** ComfyUI's file holds both halves, each below its name. */
const both: Naming = {
  id: "comfyui",
  canonical: (name) =>
    /^decoder\.(blocks\.|output_proj\.)|^encoder\.(layers\.|output_norm\.|output_proj\.)/.test(name)
      ? name
      : null,
};
const half = (id: string, prefix: string, known: RegExp): Naming => ({
  id,
  canonical: (name) => (known.test(name) ? prefix + name : null),
});
const genmoDecoder = half("decoder", "decoder.", /^blocks\.\d+\.(\d|blocks|proj)|^output_proj\./);
const genmoEncoder = half("encoder", "encoder.", /^layers\.|^output_(norm|proj)\./);

/** Residual blocks of the first level, by which diffusers' numbers of the encoder are shifted. */
const FIRST_BLOCKS = 3;
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/^norm1\.norm_layer\./, "stack.0."],
  [/^conv1\.conv\./, "stack.2."],
  [/^norm2\.norm_layer\./, "stack.3."],
  [/^conv2\.conv\./, "stack.5."],
];
const QKV = ["to_q.weight", "to_k.weight", "to_v.weight"];

const diffusers: Naming = {
  id: "diffusers",
  canonical(name) {
    const [, side, rest = ""] = /^(encoder|decoder)\.(.+)$/.exec(name) ?? [];
    if (side === undefined) return null;
    const block = blockOf(side === "decoder", rest);
    if (block === null) {
      const found = OUTSIDE[side as keyof typeof OUTSIDE].find(([from]) => rest.startsWith(from));
      return found === undefined ? null : `${side}.${found[1]}${rest.slice(found[0].length)}`;
    }
    const { prefix, kind, part } = block;
    if (kind === "norms")
      return `${side}.${prefix}.attn_block.${part.replace("norm_layer", "norm")}`;
    if (kind === "attentions") {
      const run = QKV.indexOf(part);
      const attn = `${side}.${prefix}.attn_block.attn`;
      return run < 0
        ? `${attn}.${part.replace("to_out.0", "out")}`
        : { name: `${attn}.qkv.weight`, run };
    }
    const known = PARTS.find(([pattern]) => pattern.test(part));
    return known === undefined ? null : `${side}.${prefix}.${part.replace(known[0], known[1])}`;
  },
};
const OUTSIDE: Readonly<Record<"encoder" | "decoder", readonly (readonly [string, string])[]>> = {
  decoder: [
    ["conv_in.", "blocks.0.0."],
    ["up_blocks.0.proj.", "blocks.1.proj."],
    ["up_blocks.1.proj.", "blocks.2.proj."],
    ["up_blocks.2.proj.", "blocks.3.proj."],
    ["proj_out.", "output_proj."],
  ],
  encoder: [
    ["proj_in.", "layers.0."],
    ["down_blocks.0.conv_in.conv.", `layers.${FIRST_BLOCKS + 1}.layers.0.`],
    ["down_blocks.1.conv_in.conv.", `layers.${FIRST_BLOCKS + 2}.layers.0.`],
    ["down_blocks.2.conv_in.conv.", `layers.${FIRST_BLOCKS + 3}.layers.0.`],
    ["norm_out.norm_layer.", "output_norm."],
    ["proj_out.", "output_proj."],
  ],
};
/** Levels that change the size. */
const STEPS = 3;

/** The residual block, attention or its norm that a name of diffusers is in. */
function blockOf(isDecoder: boolean, name: string) {
  const pattern =
    /^(block_in|block_out|(?:up|down)_blocks\.(\d+))\.(resnets|attentions|norms)\.(\d+)\.(.+)$/;
  const [, place = "", level, kind = "", index = "", part = ""] = pattern.exec(name) ?? [];
  if (place === "") return null;
  const i = Number(index);
  const at = (decoder: string, encoder: string) => ({
    prefix: isDecoder ? decoder : encoder,
    kind,
    part,
  });
  if (place === "block_in") return at(`blocks.0.${i + 1}`, `layers.${i + 1}`);
  const after = FIRST_BLOCKS + 1 + STEPS;
  if (place === "block_out") return at(`blocks.${STEPS + 1}.${i}`, `layers.${after + i}`);
  const l = Number(level);
  return at(`blocks.${l + 1}.blocks.${i}`, `layers.${FIRST_BLOCKS + 1 + l}.layers.${i + 1}`);
}

// Configuration

function detect(header: CheckpointHeader): MochiVaeConfig | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const decoder = readDecoder(shape);
  const encoder = readEncoder(shape);
  if (decoder === null && encoder === null) return null;
  const [, fromDecoder] = shape("decoder.blocks.0.0.weight");
  const latentChannels = fromDecoder ?? (shape("encoder.output_proj.weight")[0] ?? 0) / 2;
  const inputs = (shape("encoder.layers.0.weight")[1] ?? 0) / (1 + 2 * FREQUENCIES.length);
  const frameChannels = shape("decoder.output_proj.weight")[0] ?? inputs;
  const widths = [...(decoder ?? []), ...(encoder ?? [])].map(({ channels }) => channels);
  if (!(Number.isInteger(frameChannels) && frameChannels > 0 && latentChannels > 0)) return null;
  if (widths.some((width) => width < 1 || width % GROUPS !== 0)) return null;
  return { groupedPixels: GROUPED_PIXELS, latentChannels, frameChannels, decoder, encoder };
}

type ShapeOf = (name: string) => readonly number[];

/** How many of `prefix`.first, .first + 1, ... are residual blocks. */
function countBlocks(shape: ShapeOf, prefix: string, first: number): number {
  let count = 0;
  while (shape(`${prefix}.${first + count}.stack.0.weight`).length === 1) count++;
  return count;
}

function readDecoder(shape: ShapeOf): Level[] | null {
  const levels: Level[] = [];
  for (let i = 0; ; i++) {
    const name = `decoder.blocks.${i}`;
    const inner = i === 0 || shape(`${name}.proj.weight`).length === 0 ? name : `${name}.blocks`;
    const first = i === 0 ? 1 : 0;
    const [channels] = shape(`${inner}.${first}.stack.0.weight`);
    if (channels === undefined || channels < 1) break;
    const blocks = countBlocks(shape, inner, first);
    const [grown = 0] = shape(`${name}.proj.weight`);
    const next = shape(`decoder.blocks.${i + 1}.0.stack.0.weight`)[0];
    const after = next ?? shape(`decoder.blocks.${i + 1}.blocks.0.stack.0.weight`)[0] ?? 0;
    const frames = grown / (after * PIXEL_STEP ** 2);
    if (grown > 0 && !Number.isInteger(frames)) return null;
    const step = grown === 0 ? null : { frames, pixels: PIXEL_STEP };
    levels.push({ name: inner, channels, blocks, attends: false, step });
  }
  // Something has to follow what grows, or a part of the file is lost.
  const isWhole = levels.length > 0 && levels.at(-1)?.step === null;
  return isWhole && shape("decoder.blocks.0.0.weight").length === 5 ? levels : null;
}

function readEncoder(shape: ShapeOf): Level[] | null {
  const levels: Level[] = [];
  let i = 1;
  for (;;) {
    const own = `encoder.layers.${i}`;
    const [channels, , frames = 1, pixels = 1] = shape(`${own}.layers.0.weight`);
    const name = channels === undefined ? "encoder.layers" : `${own}.layers`;
    const first = channels === undefined ? i : 1;
    const blocks = countBlocks(shape, name, first);
    if (blocks === 0 && channels === undefined) break;
    const width = channels ?? shape(`${name}.${first}.stack.0.weight`)[0] ?? 0;
    const attends = shape(`${name}.${first}.attn_block.norm.weight`).length === 1;
    const step = channels === undefined ? null : { frames, pixels };
    levels.push({ name, channels: width, blocks, attends, step });
    i += channels === undefined ? blocks : 1;
  }
  return levels.length === 0 || shape("encoder.layers.0.weight").length !== 2 ? null : levels;
}

/** Number of the first residual block of each level in its list. */
function firstBlocks(levels: readonly Level[], side: "decoder" | "encoder"): number[] {
  let next = 1;
  return levels.map(({ step, blocks }, i) => {
    if (side === "decoder") return i === 0 ? 1 : 0;
    const first = step === null ? next : 1;
    next += step === null ? blocks : 1;
    return first;
  });
}

function tensors(config: MochiVaeConfig): TensorSpec[] {
  const { decoder, encoder, latentChannels: z, frameChannels } = config;
  const result: TensorSpec[] = [];
  const layer = (name: string, out: number, ...input: number[]) => {
    result.push({ name: `${name}.weight`, shape: [out, ...input] });
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  const residual = (name: string, width: number, attends: boolean) => {
    layer(`${name}.stack.0`, width);
    layer(`${name}.stack.2`, width, width, 3, 3, 3);
    layer(`${name}.stack.3`, width);
    layer(`${name}.stack.5`, width, width, 3, 3, 3);
    if (!attends) return;
    layer(`${name}.attn_block.norm`, width);
    const qkv = { name: `${name}.attn_block.attn.qkv.weight`, shape: [3 * width, width] };
    result.push({ ...qkv, runs: [width, width, width] });
    layer(`${name}.attn_block.attn.out`, width, width);
  };
  const blocks = (levels: readonly Level[], side: "decoder" | "encoder") => {
    const firsts = firstBlocks(levels, side);
    for (const [i, level] of levels.entries()) {
      for (let b = 0; b < level.blocks; b++) {
        residual(`${level.name}.${(firsts[i] ?? 0) + b}`, level.channels, level.attends);
      }
    }
  };
  if (decoder !== null) {
    layer("decoder.blocks.0.0", decoder[0]?.channels ?? 0, z, 1, 1, 1);
    blocks(decoder, "decoder");
    for (const [i, { step, channels }] of decoder.entries()) {
      if (step === null) continue;
      const out = (decoder[i + 1]?.channels ?? 0) * step.frames * step.pixels ** 2;
      layer(`decoder.blocks.${i}.proj`, out, channels);
    }
    layer("decoder.output_proj", frameChannels, decoder.at(-1)?.channels ?? 0);
  }
  if (encoder !== null) {
    const first = encoder[0]?.channels ?? 0;
    layer("encoder.layers.0", first, frameChannels * (1 + 2 * FREQUENCIES.length));
    blocks(encoder, "encoder");
    for (const [i, { step, channels, name }] of encoder.entries()) {
      if (step === null) continue;
      const input = encoder[i - 1]?.channels ?? 0;
      layer(`${name}.0`, channels, input, step.frames, step.pixels, step.pixels);
    }
    const last = encoder.at(-1)?.channels ?? 0;
    layer("encoder.output_norm", last);
    result.push({ name: "encoder.output_proj.weight", shape: [2 * z, last] });
  }
  return result;
}

// Layers

/** Of each frame. */
function frameNorm(weights: Weights, name: string, x: Tensor, activate: boolean): Tensor {
  const [weight, bias] = [weights.get(`${name}.weight`), weights.get(`${name}.bias`)];
  return groupNorm(x, weight, bias, { groups: GROUPS, eps: EPS, activate });
}

function residualBlock(weights: Weights, name: string, stream?: VideoStream): Layer {
  const piece = stream === undefined ? {} : { stream };
  return (x) => {
    const hidden = scope(() => {
      const normed = frameNorm(weights, `${name}.stack.0`, x, true);
      return edgeConv(weights, `${name}.stack.2`, normed, { ...piece, frees: true });
    });
    const normed = replace(hidden, (y) => frameNorm(weights, `${name}.stack.3`, y, true));
    return edgeConv(weights, `${name}.stack.5`, normed, { ...piece, residual: x, frees: true });
  };
}

/** Attention of each pixel over time, seeing what came before; queries and keys have the length one. */
function attentionBlock(weights: Weights, name: string): Layer {
  return (x) => {
    const [frames = 0, height = 0, width = 0, channels = 0] = x.shape;
    const heads = channels / HEAD_DIM;
    const weight = weights.get(`${name}.attn.qkv.weight`);
    const pixels = frameNorm(weights, `${name}.norm`, x, false)
      .permute([1, 2, 0, 3])
      .contiguous()
      .reshape([height * width, frames, channels]);
    const part = (index: number) =>
      linear(pixels, weight.slice(0, index * channels, (index + 1) * channels), null).reshape([
        height * width,
        frames,
        heads,
        HEAD_DIM,
      ]);
    // A root mean square of one is a length of sqrt(d), which the scale takes back.
    const unit = (y: Tensor) => rmsNorm(y, null, 1e-24);
    const y = attention(unit(part(0)), unit(part(1)), part(2), {
      bias: causalBias(weights.device, frames),
      scale: 1 / (HEAD_DIM * Math.sqrt(HEAD_DIM)),
    });
    const rows = denseLayer(
      weights,
      `${name}.attn.out`,
      y.reshape([height * width, frames, channels]),
    );
    return add(
      x,
      rows.reshape([height, width, frames, channels]).permute([2, 0, 1, 3]).contiguous(),
    );
  };
}

/** Channels become frames, rows and columns; of the clip's first frame only the last of the new ones stays. */
function grow(weights: Weights, name: string, level: Level, stream: VideoStream): Layer {
  const { frames: st = 1, pixels: sp = 1 } = level.step ?? {};
  return (x) => {
    const [frames = 0, height = 0, width = 0] = x.shape;
    const y = denseLayer(weights, name, x)
      .reshape([frames, height, width, -1, st, sp, sp])
      .permute([0, 4, 1, 5, 2, 6, 3])
      .contiguous()
      .reshape([frames * st, height * sp, width * sp, -1]);
    return stream.starts(name) && st > 1 ? y.slice(0, st - 1) : y;
  };
}

/** A segment ends where one frame becomes several. */
function decoderSegments(
  levels: readonly Level[],
  weights: Weights,
  stream: VideoStream,
): Segment[] {
  const firsts = firstBlocks(levels, "decoder");
  let layers: Layer[] = [
    (z) => {
      const weight = weights.get("decoder.blocks.0.0.weight", asMatrix);
      return linear(z, weight, weights.get("decoder.blocks.0.0.bias"));
    },
  ];
  const segments: Segment[] = [{ layers, together: false }];
  for (const [i, level] of levels.entries()) {
    for (let b = 0; b < level.blocks; b++) {
      layers.push(residualBlock(weights, `${level.name}.${(firsts[i] ?? 0) + b}`, stream));
    }
    if (level.step === null) continue;
    layers.push(grow(weights, `decoder.blocks.${i}.proj`, level, stream));
    if (level.step.frames > 1) segments.push({ layers: (layers = []), together: false });
  }
  layers.push((x) => denseLayer(weights, "decoder.output_proj", silu(x)));
  return segments;
}

function encoderLayers(levels: readonly Level[], weights: Weights, z: number): Layer[] {
  const firsts = firstBlocks(levels, "encoder");
  const layers: Layer[] = [(x) => denseLayer(weights, "encoder.layers.0", withWaves(x))];
  for (const [i, { name, blocks, attends, step }] of levels.entries()) {
    if (step !== null) {
      const stride = [step.frames, step.pixels, step.pixels] as const;
      layers.push((x) => edgeConv(weights, `${name}.0`, x, { stride }));
    }
    for (let b = 0; b < blocks; b++) {
      const block = `${name}.${(firsts[i] ?? 0) + b}`;
      layers.push(residualBlock(weights, block));
      if (attends) layers.push(attentionBlock(weights, `${block}.attn_block`));
    }
  }
  layers.push(
    (x) => frameNorm(weights, "encoder.output_norm", x, true),
    // The other half of the outputs is the logarithm of the variance.
    (x) => linear(x, weights.get("encoder.output_proj.weight").slice(0, 0, z), null),
  );
  return layers;
}

/** Colours, sines and cosines of them: [..., c] -> [..., 5 c]. */
function withWaves(x: Tensor): Tensor {
  const [frames = 0, height = 0, width = 0, channels = 0] = x.shape;
  const single = x.reshape([frames, height, width, channels, 1]);
  const angles = cat(
    FREQUENCIES.map((f) => affine(single, 2 ** f * 2 * Math.PI, 0)),
    4,
  );
  const waves = cosSin(angles.reshape([frames, height, width, -1]));
  const part = (index: number) =>
    waves
      .slice(4, index, index + 1)
      .contiguous()
      .reshape([frames, height, width, -1]);
  return cat([x, part(1), part(0)], 3);
}

function runLayers(layers: readonly Layer[], x: Tensor): Tensor {
  return layers.reduce((state, layer) => replace(state, layer), x);
}

// Videos

function create(config: MochiVaeConfig, weights: Weights): VideoAutoencoder {
  const missing = config.decoder === null ? "decoder" : config.encoder === null ? "encoder" : null;
  return {
    ...(missing === null ? {} : { lacks: missing }),
    async decode(z, onFrames) {
      const { decoder, latentChannels } = config;
      if (z.rank !== 4 || z.shape[0] !== latentChannels || z.numel === 0) {
        throw new UmbelError(
          "ERR_SHAPE",
          `Expected a latent [${latentChannels}, T, h, w], got [${z.shape.join(", ")}].`,
        );
      }
      if (decoder === null) throw missingHalf("decoder");
      using stream = new VideoStream(weights);
      const segments = decoderSegments(decoder, weights, stream);
      const [, count = 0, height = 0, width = 0] = z.shape;
      const alone = height * width * geometry.spatialFactor ** 2 > config.groupedPixels;
      let first = 0;
      for (let t = 0; t < count; t++) {
        using frames = scope(() => {
          const frame = z.slice(1, t, t + 1).permute([1, 2, 3, 0]);
          return runSegments(segments, frame.contiguous(), alone);
        });
        await onFrames(frames, first);
        first += frames.shape[0] ?? 0;
      }
    },
    async encode(count, nextFrames) {
      const { encoder, latentChannels } = config;
      if (!Number.isInteger(count) || count < 1) {
        throw new UmbelError("ERR_SHAPE", `Expected at least one frame to encode, got ${count}.`);
      }
      if (encoder === null) throw missingHalf("encoder");
      const whole = count - ((count - 1) % geometry.temporalFactor);
      using frames = await nextFrames(0, whole);
      checkFrames(config, frames, whole);
      const encoded = scope(() => {
        const layers = encoderLayers(encoder, weights, latentChannels);
        const latent = runLayers(layers, frames.reshape(frames.shape));
        return latent.permute([3, 0, 1, 2]).contiguous();
      });
      await weights.device.sync();
      return encoded;
    },
  };
}

function missingHalf(half: "decoder" | "encoder"): UmbelError {
  return new UmbelError(
    "ERR_CHECKPOINT",
    `Expected a Mochi VAE with its ${half}, got a file without. genmo keeps decoder and encoder in a file each.`,
  );
}

function checkFrames({ frameChannels }: MochiVaeConfig, frames: Tensor, count: number): void {
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

function publishedLevels(): { decoder: Level[]; encoder: Level[] } {
  const rest = { attends: false };
  const step = (frames: number) => ({ frames, pixels: PIXEL_STEP });
  const up = (i: number, channels: number, blocks: number, frames: number): Level => {
    const name = i === 0 ? "decoder.blocks.0" : `decoder.blocks.${i}.blocks`;
    return { ...rest, name, channels, blocks, step: i === 0 ? null : step(frames) };
  };
  const down = (i: number, channels: number, blocks: number, frames: number): Level => {
    const name = `encoder.layers.${i}.layers`;
    return { name, channels, blocks, attends: true, step: step(frames) };
  };
  return {
    decoder: [
      up(0, 768, 3, 1),
      up(1, 768, 6, 3),
      up(2, 512, 4, 2),
      up(3, 256, 3, 1),
      { ...rest, name: "decoder.blocks.4", channels: 128, blocks: 3, step: null },
    ],
    encoder: [
      { ...rest, name: "encoder.layers", channels: 64, blocks: 3, step: null },
      down(4, 128, 3, 1),
      down(5, 256, 4, 2),
      down(6, 384, 6, 3),
      { name: "encoder.layers", channels: 384, blocks: 3, attends: true, step: null },
    ],
  };
}

const mochiVae: VaeFamily<MochiVaeConfig> = {
  family: "mochi-vae",
  title: "Mochi autoencoder",
  kind: "vae",
  namings: [both, genmoDecoder, genmoEncoder, diffusers],
  detect,
  published: [
    {
      title: "Mochi VAE",
      fileName: /mochi.*vae/i,
      config: {
        groupedPixels: GROUPED_PIXELS,
        latentChannels: 12,
        frameChannels: 3,
        ...publishedLevels(),
      },
    },
  ],
  tensors,
  create,
  latent: geometry,
};

export default mochiVae;
