/**
 * The Wan 2.1 video autoencoder (arXiv 2503.20314; checked against the Wan2.1 repository): causal 3-D convolutions that
 * take 4k+1 frames to k+1 latent frames of an eighth of the size and back. Every convolution looks back two frames and
 * never ahead, so the video is worked off in pieces (one frame, then four, as the latent frames come) while each
 * convolution keeps the tail of its own past input. Activations are [frames, height, width, channels].
 */
import { streamedAutoencoder } from "#runtime/nn/streamed-autoencoder";
import { allRows, cropRows, doubleRows, grow, halfRows, type Rows } from "#runtime/nn/rows";
import { causalConv, type Layer, type Segment, type VideoStream } from "#runtime/nn/video-stream";
import {
  attentionBlock,
  doubleFrames,
  frameConv,
  halveFrames,
  head,
  middle,
  pointwise,
  residualBlock,
} from "#runtime/nn/wan-vae-layers";
import { diffusersModule, diffusersQuant, partName } from "#runtime/nn/wan-vae-names";
import { vaeTensors } from "#runtime/nn/wan-vae-tensors";
import type {
  CheckpointHeader,
  LatentGeometry,
  Naming,
  TensorSpec,
  VaeFamily,
  VideoAutoencoder,
  Weights,
} from "#runtime/sdk/model";
import { clamp } from "#runtime/tensor/ops";

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
/** Larger frames are decoded in stripes of up to this size, each of which takes some 2.5 GiB in bfloat16. */
const STRIPE_PIXELS = 512 * 1024;

interface WanVaeConfig {
  /** Frames of more pixels than this pass one by one. */
  readonly groupedPixels: number;
  /** Frames of more pixels than this are decoded in stripes. */
  readonly stripePixels: number;
  readonly latentChannels: number;
  readonly frameChannels: number;
  readonly encoder: HalfConfig;
  readonly decoder: HalfConfig;
}

const geometry: LatentGeometry = { channels: 16, spatialFactor: 8, temporalFactor: 4 };

// Names

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
    const quant = diffusersQuant(name);
    if (quant !== null) return quant;
    const [, half, rest] = /^(encoder|decoder)\.(.+)$/.exec(name) ?? [];
    if (half === undefined || rest === undefined) return null;
    const inner = diffusersLayer(rest) ?? diffusersModule(rest);
    return inner === null ? null : `${half}.${inner}`;
  },
};

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
  const isLater = ["upsamples.", ""].some((inLevel) =>
    header.tensors.has(`decoder.upsamples.0.${inLevel}0.residual.2.weight`),
  );
  if (isLater) return null;
  const half = (prefix: string, width: number): HalfConfig => ({
    width,
    levels: readLevels(header, prefix, width),
  });
  return {
    groupedPixels: GROUPED_PIXELS,
    stripePixels: STRIPE_PIXELS,
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
  stripePixels: STRIPE_PIXELS,
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
  const { conv, residual, attention: attentionBlock, gamma } = vaeTensors(result);
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
    gamma(`${prefix}.head.0`, lastWidth(part));
    conv(`${prefix}.head.2`, out, lastWidth(part), 3, 3, 3);
  };
  const { latentChannels: z, frameChannels } = config;
  half("encoder", config.encoder, frameChannels, 2 * z);
  conv("conv1", 2 * z, 2 * z, 1, 1, 1);
  conv("conv2", z, z, 1, 1, 1);
  half("decoder", config.decoder, z, frameChannels);
  return result;
}

/** Rows around its own that change a row of the result: one for each 3x3 convolution. */
const HEAD_REACH = 1;
const RESIDUAL_REACH = 2;
const RESAMPLE_REACH = 1;

/**
 * Rows that each level has to be given for `rows` of the frames to come out as they do from whole frames. Attention sees
 * all, so that levels up to the last one that has it are given whole frames.
 */
function neededRows({ levels }: HalfConfig, rows: Rows): Map<number, Rows> {
  const first = levels.findLastIndex(({ kind }) => kind === "attention") + 1;
  const needed = new Map<number, Rows>();
  let need = grow(rows, HEAD_REACH);
  for (let i = levels.length - 1; i >= first; i--) {
    need =
      levels[i]?.kind === "resample"
        ? halfRows(grow(need, RESAMPLE_REACH))
        : grow(need, RESIDUAL_REACH);
    needed.set(i, need);
  }
  return needed;
}

function decoderSegments(config: WanVaeConfig, stream: VideoStream, rows: Rows): Segment[] {
  const { weights } = stream;
  const { latentChannels: z, decoder } = config;
  let layers: Layer[] = [
    (x) => pointwise(weights, "conv2", x, 0, z),
    (x) => causalConv(stream, "decoder.conv1", x),
    ...middle(stream, "decoder.middle", decoder.width),
  ];
  const segments: Segment[] = [{ layers, together: false }];
  const needed = neededRows(decoder, rows);
  let have = allRows(rows.of / factors(config).spatial);
  for (const [i, level] of decoder.levels.entries()) {
    const need = needed.get(i) ?? have;
    layers.push(cropRows(have, need));
    have = level.kind === "resample" ? doubleRows(need) : need;
    if (level.kind !== "resample") {
      layers.push(sameSize(stream, level));
      continue;
    }
    if (level.temporal) {
      layers.push(doubleFrames(stream, `${level.name}.time_conv`));
      segments.push({ layers: (layers = []), together: false });
    }
    const conv = `${level.name}.resample.1`;
    layers.push((x) => frameConv(weights, conv, x, { padding: [1, 1], stride: 1, doubled: true }));
  }
  layers.push(head(stream, "decoder.head"), cropRows(have, rows), (x) => clamp(x, -1, 1));
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

function create(config: WanVaeConfig, weights: Weights): VideoAutoencoder {
  const { latentChannels, frameChannels, groupedPixels, stripePixels } = config;
  return streamedAutoencoder(weights, {
    latentChannels,
    frameChannels,
    ...factors(config),
    groupedPixels,
    stripePixels,
    decoder: (stream, rows) => decoderSegments(config, stream, rows),
    encoder: (stream) => encoderSegments(config, stream),
  });
}

const wanVae: VaeFamily<WanVaeConfig> = {
  family: "wan-vae",
  title: "Wan 2.1 video autoencoder",
  kind: "vae",
  namings: [original, diffusers],
  published: [{ title: "Wan 2.1 VAE", fileName: /^(?!.*wan_?2[._]?2).*vae/i, config: wan21 }],
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
