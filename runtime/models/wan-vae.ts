/**
 * The Wan 2.1 video autoencoder (arXiv 2503.20314; checked against the Wan2.1 repository): causal 3-D convolutions that
 * take 4k+1 frames to k+1 latent frames of an eighth of the size and back. Every convolution looks back two frames and
 * never ahead, so the video is worked off in pieces (one frame, then four, as the latent frames come) while each
 * convolution keeps the tail of its own past input. Activations are [frames, height, width, channels].
 */
import { UmbelError } from "#runtime/errors";
import { replace } from "#runtime/nn/replace";
import {
  causalConv,
  channelsLast,
  type Layer,
  runSegments,
  type Segment,
  VideoStream,
} from "#runtime/nn/video-stream";
import type {
  CheckpointHeader,
  LatentGeometry,
  Naming,
  TensorSpec,
  VaeFamily,
  VideoAutoencoder,
  WeightPreparation,
  Weights,
} from "#runtime/sdk/model";
import {
  add,
  attention,
  cat,
  channelRmsNorm,
  clamp,
  conv3d,
  copy,
  linear,
  upsample2x,
} from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

type LayerSpec =
  | { readonly kind: "residual"; readonly name: string; readonly in: number; readonly out: number }
  | { readonly kind: "attention"; readonly name: string; readonly channels: number }
  | {
      readonly kind: "resample";
      readonly name: string;
      readonly in: number;
      readonly out: number;
      /** Also changes the number of frames. */
      readonly temporal: boolean;
    };

/** One half of the network; its layers stand in the order of their indices in the checkpoint. */
interface HalfConfig {
  /** Channels behind the first convolution. */
  readonly width: number;
  readonly levels: readonly LayerSpec[];
}

/** Frames up to this size pass in groups, which is a little faster and takes some four times the memory. */
const GROUPED_PIXELS = 320 * 320;

interface WanVaeConfig {
  /** Frames of more pixels than this pass one by one. */
  readonly groupedPixels: number;
  readonly latentChannels: number;
  readonly frameChannels: number;
  readonly encoder: HalfConfig;
  readonly decoder: HalfConfig;
}

const geometry: LatentGeometry = { channels: 16, spatialFactor: 8, temporalFactor: 4 };

// Names

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
/** Layers of a decoder level in the published arrangement: three residual blocks and a resampler. */
const LEVEL_LAYERS = 4;

const original: Naming = {
  id: "original",
  canonical: (name) =>
    /^((encoder|decoder)\.(conv1|middle|head|(down|up)samples)\.|conv[12]\.)/.test(name)
      ? name
      : null,
};

/** diffusers numbers the encoder's layers as the original does and the decoder's by level, as published. */
const diffusers: Naming = {
  id: "diffusers",
  canonical(name) {
    const quant = /^(post_)?quant_conv\.(weight|bias)$/.exec(name);
    if (quant !== null) return `${quant[1] === undefined ? "conv1" : "conv2"}.${quant[2]}`;
    const [, half, rest] = /^(encoder|decoder)\.(.+)$/.exec(name) ?? [];
    if (half === undefined || rest === undefined) return null;
    const inner = diffusersLayer(rest) ?? diffusersModule(rest);
    return inner === null ? null : `${half}.${inner}`;
  },
};

function diffusersModule(name: string): string | null {
  for (const [to, from] of MODULE_NAMES) {
    if (name.startsWith(`${from}.`)) return `${to}.${partName(name.slice(from.length + 1))}`;
  }
  return null;
}

function diffusersLayer(name: string): string | null {
  const down = /^down_blocks\.(\d+)\.(.+)$/.exec(name);
  if (down !== null) return `downsamples.${down[1]}.${partName(down[2] ?? "")}`;
  const level = /^up_blocks\.(\d+)\.(resnets|upsamplers)\.(\d+)\.(.+)$/.exec(name);
  if (level !== null) {
    const inLevel = level[2] === "resnets" ? Number(level[3]) : LEVEL_LAYERS - 1;
    return `upsamples.${Number(level[1]) * LEVEL_LAYERS + inLevel}.${partName(level[4] ?? "")}`;
  }
  // Converters leave layers outside of the published arrangement at their original index, with either name.
  const flat = /^(?:up_blocks|upsamples)\.(\d+)\.(.+)$/.exec(name);
  return flat === null ? null : `upsamples.${flat[1]}.${partName(flat[2] ?? "")}`;
}

function partName(name: string): string {
  for (const [to, from] of PART_NAMES) {
    if (name.startsWith(`${from}.`)) return to + name.slice(from.length);
  }
  return name;
}

// Configuration

/** Layers `prefix`.0, .1, ... as their tensors tell them; `width` channels go in. */
function readLevels(header: CheckpointHeader, prefix: string, width: number): LayerSpec[] {
  const parts = new Map<number, Set<string>>();
  for (const name of header.tensors.keys()) {
    if (!name.startsWith(`${prefix}.`)) continue;
    const [index, part] = name.slice(prefix.length + 1).split(".");
    if (index === undefined || part === undefined) continue;
    const known = parts.get(Number(index)) ?? new Set();
    parts.set(Number(index), known.add(part));
  }
  const outputs = (name: string) => header.tensors.get(name)?.shape[0];
  const levels: LayerSpec[] = [];
  let channels = width;
  for (let i = 0; ; i++) {
    const found = parts.get(i);
    const name = `${prefix}.${i}`;
    if (found === undefined) return levels;
    if (found.has("to_qkv")) {
      levels.push({ kind: "attention", name, channels });
      continue;
    }
    if (found.has("resample")) {
      const out = outputs(`${name}.resample.1.weight`) ?? channels;
      const temporal = found.has("time_conv");
      levels.push({ kind: "resample", name, in: channels, out, temporal });
      channels = out;
      continue;
    }
    const out = outputs(`${name}.residual.2.weight`) ?? outputs(`${name}.residual.3.gamma`);
    levels.push({ kind: "residual", name, in: channels, out: out ?? channels });
    channels = out ?? channels;
  }
}

function read(header: CheckpointHeader): WanVaeConfig | string | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const [decoderWidth, latentChannels] = shape("decoder.conv1.weight");
  const [encoderWidth, frameChannels] = shape("encoder.conv1.weight");
  const isWan =
    header.tensors.has("decoder.middle.1.to_qkv.weight") && header.tensors.has("conv2.weight");
  if (!isWan || shape("decoder.conv1.weight").length !== 5) return null;
  if (!(latentChannels !== undefined && latentChannels > 0)) return null;
  if (!(decoderWidth !== undefined && decoderWidth > 0)) return null;
  if (encoderWidth === undefined || frameChannels === undefined) {
    return "Wan VAE files without an encoder are not run yet";
  }
  if (header.tensors.has("decoder.upsamples.0.upsamples.0.residual.2.weight")) {
    return "the Wan 2.2 VAE (16 times smaller latents) is not run yet";
  }
  const half = (prefix: string, width: number): HalfConfig => ({
    width,
    levels: readLevels(header, prefix, width),
  });
  return {
    groupedPixels: GROUPED_PIXELS,
    latentChannels,
    frameChannels,
    encoder: half("encoder.downsamples", encoderWidth),
    decoder: half("decoder.upsamples", decoderWidth),
  };
}

/** Layers of a published half: `blocks` residual blocks a level, a resampler between levels. */
function publishedLevels(
  prefix: string,
  widths: readonly number[],
  blocks: number,
  resampled: readonly { readonly temporal: boolean; readonly narrows: boolean }[],
): LayerSpec[] {
  const levels: LayerSpec[] = [];
  const next = () => `${prefix}.${levels.length}`;
  let channels = widths[0] as number;
  for (const [i, out] of widths.entries()) {
    for (let b = 0; b < blocks; b++) {
      levels.push({ kind: "residual", name: next(), in: channels, out });
      channels = out;
    }
    const step = resampled[i];
    if (step === undefined) continue;
    const after = step.narrows ? out / 2 : out;
    levels.push({ kind: "resample", name: next(), in: out, out: after, temporal: step.temporal });
    channels = after;
  }
  return levels;
}

const wan21: WanVaeConfig = {
  groupedPixels: GROUPED_PIXELS,
  latentChannels: 16,
  frameChannels: 3,
  encoder: {
    width: 96,
    levels: publishedLevels("encoder.downsamples", [96, 192, 384, 384], 2, [
      { temporal: false, narrows: false },
      { temporal: true, narrows: false },
      { temporal: true, narrows: false },
    ]),
  },
  decoder: {
    width: 384,
    levels: publishedLevels("decoder.upsamples", [384, 384, 192, 96], 3, [
      { temporal: true, narrows: true },
      { temporal: true, narrows: true },
      { temporal: false, narrows: true },
    ]),
  },
};

function lastWidth({ width, levels }: HalfConfig): number {
  const last = levels.at(-1);
  if (last === undefined) return width;
  return last.kind === "attention" ? last.channels : last.out;
}

function tensors(config: WanVaeConfig): TensorSpec[] {
  const result: TensorSpec[] = [];
  const conv = (name: string, out: number, input: number, ...kernel: number[]) => {
    result.push({ name: `${name}.weight`, shape: [out, input, ...kernel] });
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  const residual = (name: string, input: number, out: number) => {
    result.push({ name: `${name}.residual.0.gamma`, shape: [input, 1, 1, 1] });
    conv(`${name}.residual.2`, out, input, 3, 3, 3);
    result.push({ name: `${name}.residual.3.gamma`, shape: [out, 1, 1, 1] });
    conv(`${name}.residual.6`, out, out, 3, 3, 3);
    if (input !== out) conv(`${name}.shortcut`, out, input, 1, 1, 1);
  };
  const attentionBlock = (name: string, channels: number) => {
    result.push({ name: `${name}.norm.gamma`, shape: [channels, 1, 1] });
    conv(`${name}.to_qkv`, 3 * channels, channels, 1, 1);
    conv(`${name}.proj`, channels, channels, 1, 1);
  };
  const half = (prefix: string, part: HalfConfig, input: number, out: number) => {
    conv(`${prefix}.conv1`, part.width, input, 3, 3, 3);
    const middle = prefix === "encoder" ? lastWidth(part) : part.width;
    residual(`${prefix}.middle.0`, middle, middle);
    attentionBlock(`${prefix}.middle.1`, middle);
    residual(`${prefix}.middle.2`, middle, middle);
    for (const layer of part.levels) {
      if (layer.kind === "residual") residual(layer.name, layer.in, layer.out);
      else if (layer.kind === "attention") attentionBlock(layer.name, layer.channels);
      else {
        conv(`${layer.name}.resample.1`, layer.out, layer.in, 3, 3);
        const frames = prefix === "encoder" ? 1 : 2;
        if (layer.temporal) conv(`${layer.name}.time_conv`, frames * layer.in, layer.in, 3, 1, 1);
      }
    }
    result.push({ name: `${prefix}.head.0.gamma`, shape: [lastWidth(part), 1, 1, 1] });
    conv(`${prefix}.head.2`, out, lastWidth(part), 3, 3, 3);
  };
  const { latentChannels: z, frameChannels } = config;
  half("encoder", config.encoder, frameChannels, 2 * z);
  conv("conv1", 2 * z, 2 * z, 1, 1, 1);
  conv("conv2", z, z, 1, 1, 1);
  half("decoder", config.decoder, z, frameChannels);
  return result;
}

// Weights as the ops want them

/** Outputs `from` to `to` of a 1x1 convolution as a matrix, and of its bias. */
function outputs(from: number, to: number): { weight: WeightPreparation; bias: WeightPreparation } {
  const key = `outputs ${from} to ${to}`;
  return {
    weight: { key, apply: (w) => w.reshape([w.shape[0] ?? 0, -1]).slice(0, from, to) },
    bias: { key, apply: (b) => b.slice(0, from, to) },
  };
}

const flat: WeightPreparation = { key: "flat", apply: (weight) => weight.reshape([-1]) };

// Layers

/** A 1x1x1 convolution, or outputs `from` to `to` of it. */
function pointwise(weights: Weights, name: string, x: Tensor, from: number, to: number): Tensor {
  const { weight, bias } = outputs(from, to);
  return linear(x, weights.get(`${name}.weight`, weight), weights.get(`${name}.bias`, bias));
}

/** A convolution inside each frame. */
function frameConv(weights: Weights, name: string, x: Tensor, options: FrameConv): Tensor {
  const { padding, stride } = options;
  return conv3d(x, weights.get(`${name}.weight`, channelsLast), weights.get(`${name}.bias`), {
    padding: [0, 0, padding[0], padding[1], padding[0], padding[1]],
    stride: [1, stride, stride],
  });
}
interface FrameConv {
  readonly padding: readonly [before: number, behind: number];
  readonly stride: number;
}

function normSilu(weights: Weights, name: string, x: Tensor): Tensor {
  return channelRmsNorm(x, weights.get(`${name}.gamma`, flat), true);
}

function residualBlock(stream: VideoStream, name: string, channels: number, out: number): Layer {
  const { weights } = stream;
  const parts = `${name}.residual`;
  return (x) => {
    const hidden = scope(() =>
      causalConv(stream, `${parts}.2`, normSilu(weights, `${parts}.0`, x)),
    );
    const normed = replace(hidden, (y) => normSilu(weights, `${parts}.3`, y));
    const shortcut = channels === out ? x : pointwise(weights, `${name}.shortcut`, x, 0, out);
    return causalConv(stream, `${parts}.6`, normed, shortcut);
  };
}

/** Attention with one head among the pixels of a frame. */
function attentionBlock(weights: Weights, name: string): Layer {
  return (x) => {
    const [frames = 0, height = 0, width = 0, channels = 0] = x.shape;
    const normed = channelRmsNorm(x, weights.get(`${name}.norm.gamma`, flat), false);
    const part = (index: number) =>
      pointwise(
        weights,
        `${name}.to_qkv`,
        normed,
        index * channels,
        (index + 1) * channels,
      ).reshape([frames, height * width, 1, channels]);
    const y = attention(part(0), part(1), part(2)).reshape(x.shape);
    return add(x, pointwise(weights, `${name}.proj`, y, 0, channels));
  };
}

/** Doubles the frames, except the video's first: each gives two, as the two halves of the channels. */
function doubleFrames(stream: VideoStream, name: string): Layer {
  return (x) => {
    if (stream.starts(name)) return x;
    const [frames = 0, height = 0, width = 0, channels = 0] = x.shape;
    return causalConv(stream, name, x)
      .reshape([frames, height, width, 2, channels])
      .permute([0, 3, 1, 2, 4])
      .contiguous()
      .reshape([2 * frames, height, width, channels]);
  };
}

/** Halves the frames, except the video's first, which passes as it is. */
function halveFrames(stream: VideoStream, name: string): Layer {
  return (x) => {
    const { weights } = stream;
    const before = stream.tail(name);
    const last = copy(x.slice(0, -1));
    const y =
      before === undefined
        ? x
        : conv3d(x, weights.get(`${name}.weight`, channelsLast), weights.get(`${name}.bias`), {
            stride: [2, 1, 1],
            before,
          });
    stream.setTail(name, last);
    return y;
  };
}

function head(stream: VideoStream, name: string): Layer {
  return (x) => causalConv(stream, `${name}.2`, normSilu(stream.weights, `${name}.0`, x));
}

function middle(stream: VideoStream, name: string, channels: number): Layer[] {
  return [
    residualBlock(stream, `${name}.0`, channels, channels),
    attentionBlock(stream.weights, `${name}.1`),
    residualBlock(stream, `${name}.2`, channels, channels),
  ];
}

function decoderSegments(config: WanVaeConfig, stream: VideoStream): Segment[] {
  const { weights } = stream;
  const { latentChannels: z, decoder } = config;
  let layers: Layer[] = [
    (x) => pointwise(weights, "conv2", x, 0, z),
    (x) => causalConv(stream, "decoder.conv1", x),
    ...middle(stream, "decoder.middle", decoder.width),
  ];
  const segments: Segment[] = [{ layers, together: false }];
  for (const level of decoder.levels) {
    if (level.kind !== "resample") {
      layers.push(sameSize(stream, level));
      continue;
    }
    if (level.temporal) {
      layers.push(doubleFrames(stream, `${level.name}.time_conv`));
      segments.push({ layers: (layers = []), together: false });
    }
    const conv = `${level.name}.resample.1`;
    layers.push((x) => frameConv(weights, conv, upsample2x(x), { padding: [1, 1], stride: 1 }));
  }
  layers.push(head(stream, "decoder.head"), (x) => clamp(x, -1, 1));
  return segments;
}

function encoderSegments(config: WanVaeConfig, stream: VideoStream): Segment[] {
  const { weights } = stream;
  const { latentChannels: z, encoder } = config;
  let layers: Layer[] = [(x) => causalConv(stream, "encoder.conv1", x)];
  const segments: Segment[] = [{ layers, together: false }];
  for (const level of encoder.levels) {
    if (level.kind !== "resample") {
      layers.push(sameSize(stream, level));
      continue;
    }
    const conv = `${level.name}.resample.1`;
    layers.push((x) => frameConv(weights, conv, x, { padding: [0, 1], stride: 2 }));
    if (level.temporal) {
      segments.push({ layers: [halveFrames(stream, `${level.name}.time_conv`)], together: true });
      segments.push({ layers: (layers = []), together: false });
    }
  }
  layers.push(
    ...middle(stream, "encoder.middle", lastWidth(encoder)),
    head(stream, "encoder.head"),
    // The other half of the outputs is the logarithm of the variance.
    (x) => pointwise(weights, "conv1", x, 0, z),
  );
  return segments;
}

function sameSize(stream: VideoStream, level: Exclude<LayerSpec, { kind: "resample" }>): Layer {
  return level.kind === "residual"
    ? residualBlock(stream, level.name, level.in, level.out)
    : attentionBlock(stream.weights, level.name);
}

// Videos

interface Factors {
  readonly spatial: number;
  readonly temporal: number;
}

function factors({ decoder }: WanVaeConfig): Factors {
  const resamplers = decoder.levels.filter((level) => level.kind === "resample");
  const temporal = resamplers.filter((level) => level.temporal);
  return { spatial: 2 ** resamplers.length, temporal: 2 ** temporal.length };
}

/** The frames of one latent frame after the other, [n, H, W, channels]; the caller frees them. */
function* decodePieces(config: WanVaeConfig, weights: Weights, z: Tensor): Generator<Tensor> {
  using stream = new VideoStream(weights);
  const segments = decoderSegments(config, stream);
  const [, count = 0, height = 0, width = 0] = z.shape;
  const alone = height * width * factors(config).spatial ** 2 > config.groupedPixels;
  for (let t = 0; t < count; t++) {
    yield scope(() => {
      const frame = z
        .slice(1, t, t + 1)
        .permute([1, 2, 3, 0])
        .contiguous();
      return runSegments(segments, frame, alone);
    });
  }
}

type NextFrames = (first: number, count: number) => Promise<Tensor>;

/** One latent frame for the first frame, then one for each group that is there as a whole. */
async function encode(
  config: WanVaeConfig,
  weights: Weights,
  count: number,
  nextFrames: NextFrames,
): Promise<Tensor> {
  const { temporal } = factors(config);
  using stream = new VideoStream(weights);
  const segments = encoderSegments(config, stream);
  const pieces: Tensor[] = [];
  try {
    for (let first = 0, n = 1; first + n <= count; first += n, n = temporal) {
      using frames = await nextFrames(first, n);
      checkFrames(config, frames, n);
      const pixels = (frames.shape[1] ?? 0) * (frames.shape[2] ?? 0);
      pieces.push(scope(() => runSegments(segments, frames, pixels > config.groupedPixels)));
      await weights.device.sync();
    }
    return scope(() => cat(pieces, 0).permute([3, 0, 1, 2]).contiguous());
  } finally {
    for (const piece of pieces) piece[Symbol.dispose]();
  }
}

function checkFrames(config: WanVaeConfig, frames: Tensor, count: number): void {
  const { spatial } = factors(config);
  const { frameChannels } = config;
  const [n, height = 0, width = 0, channels] = frames.shape;
  const whole = height % spatial === 0 && width % spatial === 0 && frames.numel > 0;
  if (!whole || frames.rank !== 4 || n !== count || channels !== frameChannels) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected frames [${count}, H, W, ${frameChannels}], H and W multiples of ${spatial}, ` +
        `got [${frames.shape.join(", ")}]. Crop or scale them.`,
    );
  }
}

function create(config: WanVaeConfig, weights: Weights): VideoAutoencoder {
  return {
    async decode(z, onFrames) {
      if (z.rank !== 4 || z.shape[0] !== config.latentChannels || z.numel === 0) {
        throw new UmbelError(
          "ERR_SHAPE",
          `Expected a latent [${config.latentChannels}, T, h, w], got [${z.shape.join(", ")}].`,
        );
      }
      let first = 0;
      for (const piece of decodePieces(config, weights, z)) {
        using frames = piece;
        await onFrames(frames, first);
        first += frames.shape[0] ?? 0;
      }
    },
    async encode(count, nextFrames) {
      if (!Number.isInteger(count) || count < 1) {
        throw new UmbelError("ERR_SHAPE", `Expected at least one frame to encode, got ${count}.`);
      }
      return encode(config, weights, count, nextFrames);
    },
  };
}

const wanVae: VaeFamily<WanVaeConfig> = {
  family: "wan-vae",
  title: "Wan 2.1 video autoencoder",
  kind: "vae",
  namings: [original, diffusers],
  published: [{ title: "Wan 2.1 VAE", fileName: /vae/i, config: wan21 }],
  detect: (header) => {
    const config = read(header);
    return typeof config === "string" ? null : config;
  },
  unsupported: (header) => {
    const reason = read(header);
    return typeof reason === "string" ? reason : null;
  },
  tensors,
  create,
  latent: geometry,
};

export default wanVae;
