/**
 * The Wan 2.2 video autoencoder (checked against the Wan2.2 repository): 4k+1 frames to k+1 latent frames of a sixteenth of
 * the size. Frames are folded 2x2 into channels first; around each level runs a shortcut without weights, which averages
 * groups of neighbours on the way down and repeats them on the way up. Otherwise it is built and worked off as that of Wan
 * 2.1: piece by piece, every convolution keeping the tail of its past. Activations are [frames, height, width, channels].
 */
import { replace } from "#runtime/nn/replace";
import { streamedAutoencoder } from "#runtime/nn/streamed-autoencoder";
import {
  causalConv,
  type Layer,
  runSegments,
  type Segment,
  type VideoStream,
} from "#runtime/nn/video-stream";
import {
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
import { add, cat, clamp, linear } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";

interface Level {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  /** Residual blocks. */
  readonly blocks: number;
  /** Halves or doubles the size behind them, and the number of frames too. */
  readonly resamples: boolean;
  readonly temporal: boolean;
}

interface HalfConfig {
  /** Channels behind the first convolution. */
  readonly width: number;
  readonly levels: readonly Level[];
}

interface Wan22VaeConfig {
  /** Levels of more pixels than this pass frame by frame. */
  readonly groupedPixels: number;
  readonly latentChannels: number;
  readonly encoder: HalfConfig;
  readonly decoder: HalfConfig;
}

/** Pixels of a side that are folded into channels, and the channels that 3 colours become. */
const FOLD = 2;
const COLOURS = 3;
const FOLDED = COLOURS * FOLD * FOLD;
const GROUPED_PIXELS = 160 * 160;

const geometry: LatentGeometry = { channels: 48, spatialFactor: 16, temporalFactor: 4 };

// Names: resamplers have one without their place in the level, which depends on the number of blocks.

const OWN_NAME =
  /^((en|de)coder\.(conv1|middle|head|(down|up)samples\.\d+\.(\d+|resampler))\.|conv[12]\.)/;

const original: Naming = {
  id: "original",
  canonical(name) {
    const inLevel =
      /^((?:en|de)coder\.(?:down|up)samples\.\d+)\.(?:down|up)samples\.(\d+)\.(.+)$/.exec(name);
    if (inLevel !== null) {
      const [, level, index, part = ""] = inLevel;
      return /^(resample|time_conv)\./.test(part)
        ? `${level}.resampler.${part}`
        : `${level}.${index}.${part}`;
    }
    return OWN_NAME.test(name) ? name : null;
  },
};

const diffusers: Naming = {
  id: "diffusers",
  canonical(name) {
    const quant = diffusersQuant(name);
    if (quant !== null) return quant;
    const [, half, rest] = /^(encoder|decoder)\.(.+)$/.exec(name) ?? [];
    if (half === undefined || rest === undefined) return null;
    const level = /^(down|up)_blocks\.(\d+)\.(?:resnets\.(\d+)|(?:down|up)sampler)\.(.+)$/.exec(
      rest,
    );
    if (level !== null) {
      const [, way, index, block = "resampler", part = ""] = level;
      return `${half}.${way}samples.${index}.${block}.${partName(part)}`;
    }
    const inner = diffusersModule(rest);
    return inner === null ? null : `${half}.${inner}`;
  },
};

// Configuration

function readHalf(header: CheckpointHeader, prefix: string, width: number): HalfConfig {
  const outputs = (name: string) => header.tensors.get(name)?.shape[0];
  const levels: Level[] = [];
  let channels = width;
  for (let i = 0; header.tensors.has(`${prefix}.${i}.0.residual.2.weight`); i++) {
    const name = `${prefix}.${i}`;
    const out = outputs(`${name}.0.residual.2.weight`) ?? channels;
    levels.push({
      name,
      in: channels,
      out,
      blocks: blockCount(header.tensors.keys(), `${name}.`),
      resamples: header.tensors.has(`${name}.resampler.resample.1.weight`),
      temporal: header.tensors.has(`${name}.resampler.time_conv.weight`),
    });
    channels = out;
  }
  return { width, levels };
}

function read(header: CheckpointHeader): Wan22VaeConfig | string | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  if (!header.tensors.has("decoder.upsamples.0.0.residual.2.weight")) return null;
  const [decoderWidth = 0, latentChannels = 0] = shape("decoder.conv1.weight");
  const [encoderWidth = 0, frameChannels = 0] = shape("encoder.conv1.weight");
  if (!header.tensors.has("conv2.weight") || latentChannels === 0 || decoderWidth === 0)
    return null;
  if (encoderWidth === 0) return "Wan VAE files without an encoder are not run yet";
  const config = {
    groupedPixels: GROUPED_PIXELS,
    latentChannels,
    encoder: readHalf(header, "encoder.downsamples", encoderWidth),
    decoder: readHalf(header, "decoder.upsamples", decoderWidth),
  };
  const downs = config.encoder.levels.every(
    (level) => (level.in * factorOf(level)) % level.out === 0,
  );
  const ups = config.decoder.levels.every(
    (level) => !level.resamples || (level.out * factorOf(level)) % level.in === 0,
  );
  if (frameChannels !== FOLDED || !downs || !ups) return "its channels do not fit its shortcuts";
  return config;
}

/** Elements that a level's shortcut joins or repeats. */
function factorOf({ resamples, temporal }: Level): number {
  return (temporal ? 2 : 1) * (resamples ? 4 : 1);
}

function publishedHalf(
  prefix: string,
  widths: readonly number[],
  blocks: number,
  temporal: readonly boolean[],
): HalfConfig {
  const [first = 0] = widths;
  const levels = widths.map((out, i): Level => ({
    name: `${prefix}.${i}`,
    in: widths[i - 1] ?? first,
    out,
    blocks,
    resamples: i < widths.length - 1,
    temporal: temporal[i] ?? false,
  }));
  return { width: first, levels };
}

const wan22: Wan22VaeConfig = {
  groupedPixels: GROUPED_PIXELS,
  latentChannels: 48,
  encoder: publishedHalf("encoder.downsamples", [160, 320, 640, 640], 2, [false, true, true]),
  decoder: publishedHalf("decoder.upsamples", [1024, 1024, 512, 256], 3, [true, true, false]),
};

function tensors({ latentChannels: z, encoder, decoder }: Wan22VaeConfig): TensorSpec[] {
  const result: TensorSpec[] = [];
  const { gamma, conv, residual, attention } = vaeTensors(result);
  const half = (prefix: "encoder" | "decoder", part: HalfConfig, input: number, out: number) => {
    const last = part.levels.at(-1)?.out ?? part.width;
    const middleWidth = prefix === "encoder" ? last : part.width;
    conv(`${prefix}.conv1`, part.width, input, 3, 3, 3);
    residual(`${prefix}.middle.0`, middleWidth, middleWidth);
    attention(`${prefix}.middle.1`, middleWidth);
    residual(`${prefix}.middle.2`, middleWidth, middleWidth);
    for (const level of part.levels) {
      for (let i = 0; i < level.blocks; i++) {
        residual(`${level.name}.${i}`, i === 0 ? level.in : level.out, level.out);
      }
      if (level.resamples) conv(`${level.name}.resampler.resample.1`, level.out, level.out, 3, 3);
      const frames = prefix === "encoder" ? 1 : 2;
      if (level.temporal) {
        conv(`${level.name}.resampler.time_conv`, frames * level.out, level.out, 3, 1, 1);
      }
    }
    gamma(`${prefix}.head.0`, last);
    conv(`${prefix}.head.2`, out, last, 3, 3, 3);
  };
  half("encoder", encoder, FOLDED, 2 * z);
  conv("conv1", 2 * z, 2 * z, 1, 1, 1);
  conv("conv2", z, z, 1, 1, 1);
  half("decoder", decoder, z, FOLDED);
  return result;
}

// Layers

/** [n, H, W, 3] -> [n, H / 2, W / 2, 12]: a channel's number is that of colour, column, row. */
function fold(x: Tensor): Tensor {
  const [n = 0, height = 0, width = 0, colours = 0] = x.shape;
  return x
    .reshape([n, height / FOLD, FOLD, width / FOLD, FOLD, colours])
    .permute([0, 1, 3, 5, 4, 2])
    .contiguous()
    .reshape([n, height / FOLD, width / FOLD, -1]);
}

function unfold(x: Tensor): Tensor {
  const [n = 0, height = 0, width = 0] = x.shape;
  return x
    .reshape([n, height, width, COLOURS, FOLD, FOLD])
    .permute([0, 1, 5, 2, 4, 3])
    .contiguous()
    .reshape([n, height * FOLD, width * FOLD, COLOURS]);
}

/** Means of groups of channels and of the neighbours that become one; zeros stand before a single frame. */
function averageDown(level: Level, x: Tensor): Tensor {
  const factor = factorOf(level);
  if (factor === 1 && level.in === level.out) return x;
  const time = level.temporal ? 2 : 1;
  const side = level.resamples ? 2 : 1;
  const missing = (x.shape[0] ?? 0) % time;
  const whole =
    missing === 0 ? x : cat([x.device.zeros([missing, ...x.shape.slice(1)], x.dtype), x], 0);
  const [frames = 0, height = 0, width = 0, channels = 0] = whole.shape;
  const [t, h, w] = [frames / time, height / side, width / side];
  const group = (channels * factor) / level.out;
  const mean = x.device.tensor(new Float32Array(group).fill(1 / group), [1, group]);
  const grouped = whole
    .reshape([t, time, h, side, w, side, channels])
    .permute([0, 2, 4, 6, 1, 3, 5])
    .contiguous()
    .reshape([-1, group]);
  return linear(grouped, mean, null).reshape([t, h, w, level.out]);
}

/** Each channel repeated until frames and pixels are enough; of the video's first piece only the last frame is left. */
function repeatUp(level: Level, x: Tensor, isFirst: boolean): Tensor {
  const time = level.temporal ? 2 : 1;
  const [frames = 0, height = 0, width = 0, channels = 0] = x.shape;
  const repeats = (level.out * factorOf(level)) / channels;
  const single = x.reshape([frames, height, width, channels, 1]);
  const copies =
    repeats === 1
      ? single
      : cat(
          Array.from({ length: repeats }, () => single),
          4,
        );
  const all = copies
    .reshape([frames, height, width, level.out, time, 2, 2])
    .permute([0, 4, 1, 5, 2, 6, 3])
    .contiguous()
    .reshape([frames * time, 2 * height, 2 * width, level.out]);
  return isFirst ? all.slice(0, time - 1) : all;
}

function blocks(stream: VideoStream, level: Level): Layer[] {
  return Array.from({ length: level.blocks }, (_, i) =>
    residualBlock(stream, `${level.name}.${i}`, i === 0 ? level.in : level.out, level.out),
  );
}

/** A level and its shortcut, which is made first: then what comes in is needed no longer. */
function withShortcut(segments: readonly Segment[], shortcut: Layer, grouped: number): Layer {
  return (x) => {
    const beside = scope(() => shortcut(x));
    return add(runLevel(segments, x, grouped), beside);
  };
}

function downLevel(stream: VideoStream, level: Level, grouped: number): Layer {
  const layers = blocks(stream, level);
  const segments: Segment[] = [{ layers, together: false }];
  const conv = `${level.name}.resampler`;
  if (level.resamples) {
    layers.push((x) =>
      frameConv(stream.weights, `${conv}.resample.1`, x, { padding: [0, 1], stride: 2 }),
    );
  }
  if (level.temporal) {
    segments.push({ layers: [halveFrames(stream, `${conv}.time_conv`)], together: true });
  }
  return withShortcut(segments, (x) => averageDown(level, x), grouped);
}

function upLevel(stream: VideoStream, level: Level, grouped: number): Layer {
  const { weights } = stream;
  const layers = blocks(stream, level);
  const segments: Segment[] = [{ layers, together: false }];
  if (!level.resamples) return (x) => runLevel(segments, x, grouped);
  const conv = `${level.name}.resampler`;
  if (level.temporal) layers.push(doubleFrames(stream, `${conv}.time_conv`));
  const enlarge: Layer = (x) =>
    frameConv(weights, `${conv}.resample.1`, x, {
      padding: [1, 1],
      stride: 1,
      doubled: true,
    });
  segments.push({ layers: [enlarge], together: false });
  return withShortcut(
    segments,
    (x) => repeatUp(level, x, stream.starts(`${level.name}.shortcut`)),
    grouped,
  );
}

function runLevel(segments: readonly Segment[], x: Tensor, grouped: number): Tensor {
  const [, height = 0, width = 0] = x.shape;
  return runSegments(segments, x.slice(0, 0), height * width > grouped);
}

function decoderSegments(
  { latentChannels: z, decoder, groupedPixels }: Wan22VaeConfig,
  stream: VideoStream,
): Segment[] {
  const levels = decoder.levels.map((level) => upLevel(stream, level, groupedPixels));
  const first: Layer[] = [
    (x) => pointwise(stream.weights, "conv2", x, 0, z),
    (x) => causalConv(stream, "decoder.conv1", x),
    ...middle(stream, "decoder.middle", decoder.width),
  ];
  const last: Layer[] = [head(stream, "decoder.head"), (x) => unfold(clamp(x, -1, 1))];
  return [
    { layers: [...first, ...levels], together: true },
    { layers: last, together: false },
  ];
}

function encoderSegments(
  { latentChannels: z, encoder, groupedPixels }: Wan22VaeConfig,
  stream: VideoStream,
): Segment[] {
  const width = encoder.levels.at(-1)?.out ?? encoder.width;
  return [
    {
      layers: [(x) => replace(fold(x), (y) => causalConv(stream, "encoder.conv1", y))],
      together: false,
    },
    {
      layers: [
        ...encoder.levels.map((level) => downLevel(stream, level, groupedPixels)),
        ...middle(stream, "encoder.middle", width),
        head(stream, "encoder.head"),
        // The other half of the outputs is the logarithm of the variance.
        (x) => pointwise(stream.weights, "conv1", x, 0, z),
      ],
      together: true,
    },
  ];
}

function create(config: Wan22VaeConfig, weights: Weights): VideoAutoencoder {
  const resamplers = config.decoder.levels.filter(({ resamples }) => resamples);
  return streamedAutoencoder(weights, {
    latentChannels: config.latentChannels,
    frameChannels: COLOURS,
    spatial: FOLD * 2 ** resamplers.length,
    temporal: 2 ** resamplers.filter(({ temporal }) => temporal).length,
    groupedPixels: FOLD * FOLD * config.groupedPixels,
    decoder: (stream) => decoderSegments(config, stream),
    encoder: (stream) => encoderSegments(config, stream),
  });
}

const wan22Vae: VaeFamily<Wan22VaeConfig> = {
  family: "wan22-vae",
  title: "Wan 2.2 video autoencoder",
  kind: "vae",
  namings: [original, diffusers],
  published: [{ title: "Wan 2.2 VAE", fileName: /wan_?2[._]?2.*vae/i, config: wan22 }],
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

export default wan22Vae;
