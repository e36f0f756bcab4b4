/**
 * Wan's transformer, 2.1 and 2.2 (Wan: Open and Advanced Large-Scale Video Generative Models, arXiv 2503.20314; checked
 * against the Wan2.1 and Wan2.2 repositories). A latent is cut into patches; every block modulates a self-attention over all
 * video tokens by the timestep, attends to the text, and ends with a feed-forward layer.
 */
import { DeviceMasks } from "#runtime/attention/device-masks";
import { UmbelError } from "#runtime/errors";
import { denseLayer, gatedDenseLayer } from "#runtime/nn/dense-layer";
import {
  asMatrix,
  embedPatches,
  joinPatches,
  patchGrid,
  type PatchSize,
} from "#runtime/nn/patches";
import { pictureTokens, type PictureConfig } from "#runtime/nn/picture-tokens";
import { attend, rowsOf, unprojected } from "#runtime/nn/projected";
import { replace } from "#runtime/nn/replace";
import { rowChunks } from "#runtime/nn/row-chunks";
import { ropeTable } from "#runtime/nn/rope-table";
import { timeEmbedding } from "#runtime/nn/time-embedding";
import { tokenTimesteps } from "#runtime/nn/token-timesteps";
import { wan21Latent, wan22Latent } from "#runtime/sdk/wan-latents";
import { wanNaming } from "#runtime/nn/wan-names";
import type {
  CheckpointHeader,
  DiffusionFamily,
  DiffusionInput,
  DiffusionModel,
  LatentFormat,
  TensorSpec,
  TokenGrid,
  Weights,
} from "#runtime/sdk/model";
import {
  add,
  attention,
  cat,
  embedding,
  layerNorm,
  layerNormModulate,
  mul,
  rmsNorm,
  rmsNormRope,
  silu,
  sub,
  type DeviceBlockMask,
} from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";

interface WanConfig {
  readonly dim: number;
  readonly ffnDim: number;
  readonly layers: number;
  readonly heads: number;
  /** Channels of the latent, in and out. */
  readonly channels: number;
  /** Channels that are given beside the latent: a mask of four, and the latent of known frames. */
  readonly conditionChannels: number;
  /** Features of a picture that are attended beside the text; null without. */
  readonly image: PictureConfig | null;
  readonly textDim: number;
  /** Rows of text that are attended: the prompt's, then zeros. */
  readonly textLength: number;
  readonly timeDim: number;
  readonly patch: PatchSize;
  readonly eps: number;
}

/** Of a picture's channels beside the latent, these say which frames are known. */
const MASK_CHANNELS = 4;

/** Head width of every published checkpoint; others say their head count in the file's metadata. */
const HEAD_DIM = 128;

// Configuration

/** A positive integer that the checkpoint's metadata states, or null. */
function stated(header: CheckpointHeader, key: string): number | null {
  const value = Number(header.metadata[key] ?? statedConfig(header)[key]);
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

function statedConfig(header: CheckpointHeader): Record<string, unknown> {
  try {
    const config: unknown = JSON.parse(header.metadata["config"] ?? "{}");
    return typeof config === "object" && config !== null ? { ...config } : {};
  } catch {
    return {};
  }
}

function headCount(header: CheckpointHeader, dim: number): number | null {
  const heads = stated(header, "num_heads");
  if (heads !== null && dim % (2 * heads) === 0) return heads;
  return dim % HEAD_DIM === 0 ? dim / HEAD_DIM : null;
}

/** Sizes that are none at all belong to no model, and half of the time embedding are sines. */
function isEmbeddable(sizes: readonly number[], timeDim: number): boolean {
  return sizes.every((size) => size > 0) && timeDim > 0 && timeDim % 2 === 0;
}

/** Configuration as the shapes tell it; a string says why they describe a kin that is not run here. */
function read(header: CheckpointHeader): WanConfig | string | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const [dim = 0, inChannels = 0, ...patch] = shape("patch_embedding.weight");
  const [frames, height, width] = patch;
  if (frames === undefined || height === undefined || width === undefined || patch.length !== 3) {
    const isRest = !header.tensors.has("patch_embedding.weight");
    return isRest && header.tensors.has("blocks.0.self_attn.norm_q.weight")
      ? "its conversion is unfinished: patch_embedding.weight is missing"
      : null;
  }
  const [ffnDim] = shape("blocks.0.ffn.0.weight");
  const textDim = shape("text_embedding.0.weight")[1];
  const timeDim = shape("time_embedding.0.weight")[1];
  const outputs = shape("head.head.weight")[0];
  if (ffnDim === undefined || textDim === undefined || timeDim === undefined) return null;
  if (outputs === undefined || !header.tensors.has("blocks.0.self_attn.norm_q.weight")) return null;
  if (!isEmbeddable([dim, inChannels, ffnDim, textDim, outputs, ...patch], timeDim)) return null;

  const heads = headCount(header, dim);
  const channels = outputs / (frames * height * width);
  const has = (part: string) => [...header.tensors.keys()].some((name) => name.includes(part));
  if (has("vace_")) return "VACE control checkpoints are not run yet";
  const conditionChannels = inChannels - channels;
  if (conditionChannels !== 0 && conditionChannels !== channels + MASK_CHANNELS) {
    return `its transformer has ${inChannels} channels in and ${channels} out, which is no arrangement that is run`;
  }
  const image = readImage(header);
  if (image === null && has(".k_img.")) return "it attends to pictures and has no img_emb for them";
  if (heads === null) {
    return `its width ${dim} is no multiple of ${HEAD_DIM} and the metadata has no num_heads`;
  }
  const eps = Number(statedConfig(header)["eps"] ?? 1e-6);
  return {
    dim,
    ffnDim,
    layers: blockCount(header.tensors.keys(), "blocks."),
    heads,
    channels,
    conditionChannels,
    image,
    textDim,
    textLength: stated(header, "text_len") ?? 512,
    timeDim,
    patch: [frames, height, width],
    eps: eps > 0 && eps < 1 ? eps : 1e-6,
  };
}

function readImage(header: CheckpointHeader): PictureConfig | null {
  const width = header.tensors.get("img_emb.proj.1.weight")?.shape[1];
  if (width === undefined || width === 0) return null;
  return { width, positions: header.tensors.get("img_emb.emb_pos")?.shape[1] ?? null };
}

function tensors(config: WanConfig): TensorSpec[] {
  const { dim, ffnDim, channels, patch, image } = config;
  const result: TensorSpec[] = [];
  const layer = (name: string, out: number, ...input: number[]) => {
    result.push({ name: `${name}.weight`, shape: [out, ...input] });
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  layer("patch_embedding", dim, channels + config.conditionChannels, ...patch);
  layer("text_embedding.0", dim, config.textDim);
  layer("text_embedding.2", dim, dim);
  layer("time_embedding.0", dim, config.timeDim);
  layer("time_embedding.2", dim, dim);
  layer("time_projection.1", 6 * dim, dim);
  for (let i = 0; i < config.layers; i++) {
    const block = `blocks.${i}`;
    result.push({ name: `${block}.modulation`, shape: [1, 6, dim] });
    for (const attn of [`${block}.self_attn`, `${block}.cross_attn`]) {
      for (const part of ["q", "k", "v", "o"]) layer(`${attn}.${part}`, dim, dim);
      for (const part of ["norm_q", "norm_k"]) {
        result.push({ name: `${attn}.${part}.weight`, shape: [dim] });
      }
    }
    if (image !== null) {
      for (const part of ["k_img", "v_img"]) layer(`${block}.cross_attn.${part}`, dim, dim);
      result.push({ name: `${block}.cross_attn.norm_k_img.weight`, shape: [dim] });
    }
    layer(`${block}.norm3`, dim);
    layer(`${block}.ffn.0`, ffnDim, dim);
    layer(`${block}.ffn.2`, dim, ffnDim);
  }
  if (image !== null) {
    const { width, positions } = image;
    layer("img_emb.proj.0", width);
    layer("img_emb.proj.1", width, width);
    layer("img_emb.proj.3", dim, width);
    layer("img_emb.proj.4", dim);
    if (positions !== null) {
      result.push({ name: "img_emb.emb_pos", shape: [1, positions, width] });
    }
  }
  result.push({ name: "head.modulation", shape: [1, 2, dim] });
  layer("head.head", channels * patch[0] * patch[1] * patch[2], dim);
  return result;
}

// The model

/** What every block shares in one forward pass. */
interface Shared {
  readonly config: WanConfig;
  readonly weights: Weights;
  /** [n, 6, dim]: the part of each block's modulation that n different timesteps have. */
  readonly modulation: Tensor;
  /** Which of them each token has, int32 [tokens]; null where there is one. */
  readonly timestepOf: Tensor | null;
  /** [tokens, head dim / 2, 2] */
  readonly rope: Tensor;
  /** [rows, dim] and the bias [1, 1, rows] on its attention logits. */
  readonly text: Tensor;
  readonly textBias: Tensor | null;
  /** Rows of pictures that are attended beside the text, [rows, dim]. */
  readonly pictures: Tensor | null;
}

function create(config: WanConfig, weights: Weights): DiffusionModel {
  let table: { grid: string; values: Float32Array } | null = null;
  const rope = (grid: TokenGrid): Float32Array => {
    const key = `${grid.frames}x${grid.height}x${grid.width}`;
    if (table?.grid !== key) table = { grid: key, values: ropeOf(config, grid) };
    return table.values;
  };
  return { forward: (input) => scope(() => forward(config, weights, input, rope)) };
}

/** The axes share a head's numbers: height and width get 2 floor(d / 6) each, time the rest. */
function ropeOf({ dim, heads }: WanConfig, grid: TokenGrid): Float32Array {
  const width = dim / heads;
  const spatial = 2 * Math.floor(width / 6);
  return ropeTable([grid.frames, grid.height, grid.width], [width - 2 * spatial, spatial, spatial]);
}

function forward(
  config: WanConfig,
  weights: Weights,
  input: DiffusionInput,
  rope: (grid: TokenGrid) => Float32Array,
): Tensor {
  checkInput(config, input);
  const { device } = weights;
  const { dim, heads } = config;
  const grid = patchGrid(config.patch, input.latent.shape);
  const tokens = grid.frames * grid.height * grid.width;

  const { timesteps, timestepOf } = tokenTimesteps(config.patch, input, grid);
  const sinusoid = device.tensor(
    Float32Array.from(timesteps.flatMap((time) => [...timeEmbedding(time, config.timeDim)])),
    [timesteps.length, config.timeDim],
  );
  const time = denseLayer(
    weights,
    "time_embedding.2",
    denseLayer(weights, "time_embedding.0", sinusoid, "silu"),
  );
  const shared: Shared = {
    config,
    weights,
    modulation: denseLayer(weights, "time_projection.1", silu(time)).reshape([-1, 6, dim]),
    timestepOf: timestepOf === null ? null : device.tensor(timestepOf, [tokens]),
    rope: device.tensor(rope(grid), [tokens, dim / heads / 2, 2]),
    ...embedText(config, weights, input.context),
    pictures: picturesOf(config, weights, input),
  };
  const masks = new DeviceMasks(device, { video: tokens, text: 0 });
  const x = scope(() => {
    const weight = weights.get("patch_embedding.weight", asMatrix);
    const bias = weights.get("patch_embedding.bias");
    return embedPatches(withCondition(config, input), config.patch, weight, bias);
  });
  for (let layer = 0; layer < config.layers; layer++) {
    const mask = masks.get(input.attention?.(layer) ?? null);
    block(shared, `blocks.${layer}`, x, mask);
  }
  const patches = replace(x, (tokenRows) => head(shared, tokenRows, time));
  return joinPatches(patches, config.patch, input.latent.shape, "last");
}

/** The latent, the mask of known frames and their latent on the model's scale, zeros where none are given. */
function withCondition(config: WanConfig, { latent, extra }: DiffusionInput): Tensor {
  const { conditionChannels, channels } = config;
  if (conditionChannels === 0) return latent;
  const { device } = latent;
  const size = latent.shape.slice(1);
  const part = (name: string, count: number): Tensor | null => {
    const value = extra?.[name];
    if (value === undefined || typeof value === "number") return null;
    const shape = [count, ...size];
    if (value.shape.join() === shape.join()) return value;
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected ${name} [${shape.join(", ")}] for this latent, got [${value.shape.join(", ")}].`,
    );
  };
  const known = part("concat_latent_image", channels);
  const mask = part("concat_mask", MASK_CHANNELS);
  const { mean, std } = wan21Latent;
  const perChannel = (values: readonly number[]) =>
    device.tensor(Float32Array.from(values), [channels, 1, 1, 1]);
  const scaled =
    known === null
      ? device.zeros([channels, ...size])
      : mul(sub(known, perChannel(mean)), perChannel(std.map((value) => 1 / value)));
  return cat([latent, mask ?? device.zeros([MASK_CHANNELS, ...size]), scaled], 0);
}

/** Null without a picture, and in a model that attends to none. */
function picturesOf({ image }: WanConfig, weights: Weights, { extra }: DiffusionInput) {
  const features = extra?.["clip_vision"];
  if (image === null || features === undefined || typeof features === "number") return null;
  return pictureTokens(image, weights, features);
}

function checkInput(config: WanConfig, { latent: x, context }: DiffusionInput): void {
  if (x.rank !== 4 || x.shape[0] !== config.channels || x.numel === 0) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a latent [${config.channels}, frames, height, width], got [${x.shape.join(", ")}].`,
    );
  }
  if (context.rank !== 2 || context.shape[1] !== config.textDim) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a text embedding [tokens, ${config.textDim}], got [${context.shape.join(", ")}]. ` +
        "The text encoder does not belong to this model.",
    );
  }
}

/**
 * The prompt's rows and the zero rows that follow it up to the length the model was trained with, all of which are
 * attended. The m zero rows give m equal keys and values, hence softmax weights m exp(l) = exp(l + log m): one such row
 * with log m added to its logits is the same.
 */
function embedText(
  config: WanConfig,
  weights: Weights,
  context: Tensor,
): { text: Tensor; textBias: Tensor | null } {
  const { device } = weights;
  const rows = context.shape[0] ?? 0;
  const padding = Math.max(0, config.textLength - rows);
  const padded =
    padding === 0 ? context : cat([context, device.zeros([1, config.textDim], context.dtype)], 0);
  const text = denseLayer(
    weights,
    "text_embedding.2",
    denseLayer(weights, "text_embedding.0", padded, "gelu_tanh"),
  );
  if (padding === 0) return { text, textBias: null };
  const bias = new Float32Array(rows + 1);
  bias[rows] = Math.log(padding);
  return { text, textBias: device.tensor(bias, [1, 1, rows + 1]) };
}

/**
 * Row i of a modulation [n, rows, dim]: [dim] for all tokens, or [tokens, dim] where their timesteps differ, of those from
 * `from` to `to`.
 */
function modulationRow(
  { timestepOf }: Shared,
  modulation: Tensor,
  row: number,
  [from, to]: readonly [from: number, to?: number] = [0],
): Tensor {
  const [, , dim = 0] = modulation.shape;
  const rows = modulation.slice(1, row, row + 1).reshape([-1, dim]);
  return timestepOf === null
    ? rows.reshape([dim])
    : embedding(rows.contiguous(), timestepOf.slice(0, from, to));
}

/** Writes what follows `x` over it. */
function block(shared: Shared, name: string, x: Tensor, mask: DeviceBlockMask | null): void {
  const { config, weights } = shared;
  const { eps } = config;
  const modulation = scope(() => add(weights.get(`${name}.modulation`), shared.modulation));
  // Rows for every token are as large as the states: they are made when they are needed.
  const row = (index: number, range?: readonly [number, number]) =>
    modulationRow(shared, modulation, index, range);

  scope(() => {
    const normed = (range: readonly [number, number]) =>
      layerNormModulate(x.slice(0, ...range), row(0, range), row(1, range), eps);
    const y = scope(() => selfAttention(shared, `${name}.self_attn`, x.shape, normed, mask));
    gatedDenseLayer(weights, `${name}.self_attn.o`, y, x, row(2), x);
  });
  scope(() => {
    const normed = layerNorm(x, {
      weight: weights.get(`${name}.norm3.weight`),
      bias: weights.get(`${name}.norm3.bias`),
      eps,
    });
    const told = replace(normed, (z) => crossAttention(shared, `${name}.cross_attn`, z));
    add(x, told, x);
  });
  scope(() => {
    const normed = scope(() => layerNormModulate(x, row(3), row(4), eps));
    const hidden = replace(normed, (y) => denseLayer(weights, `${name}.ffn.0`, y, "gelu_tanh"));
    gatedDenseLayer(weights, `${name}.ffn.2`, hidden, x, row(5), x);
  });
  modulation[Symbol.dispose]();
}

/**
 * Attention over all video tokens, before its output projection: [tokens, dim]. What `normed` gives is projected some rows
 * at a time, so that no more than queries, keys and values exist of all of them; the result takes the place of the queries.
 */
function selfAttention(
  shared: Shared,
  name: string,
  shape: readonly number[],
  normed: (range: readonly [number, number]) => Tensor,
  mask: DeviceBlockMask | null,
): Tensor {
  const { config, weights, rope } = shared;
  const all = unprojected(weights.device, shape);
  for (const range of rowChunks(shape[0] ?? 0)) {
    scope(() => {
      const x = scope(() => normed(range));
      const { q, k, v } = rowsOf(all, ...range);
      const project = (part: string, to: Tensor) =>
        denseLayer(weights, `${name}.${part}`, x, "none", to);
      const turns = rope.slice(0, ...range);
      const turn = (part: "q" | "k", to: Tensor) => {
        const norm = weights.get(`${name}.norm_${part}.weight`);
        rmsNormRope(project(part, to), norm, turns, config.eps, config.heads, to);
      };
      turn("q", q);
      turn("k", k);
      project("v", v);
    });
  }
  return attend(all, config.heads, mask);
}

/** Attention of the video tokens to the text and, by a softmax of its own, to pictures. */
function crossAttention(shared: Shared, name: string, x: Tensor): Tensor {
  const { config, weights, text, textBias, pictures } = shared;
  const split = (y: Tensor) => y.reshape([y.shape[0] ?? 0, config.heads, -1]);
  const layer = (part: string, input: Tensor) => denseLayer(weights, `${name}.${part}`, input);
  const normed = (part: string, input: Tensor) =>
    scope(() =>
      split(rmsNorm(layer(part, input), weights.get(`${name}.norm_${part}.weight`), config.eps)),
    );
  const bias = textBias === null ? {} : { bias: textBias };
  const y = replace(normed("q", x), (q) => {
    const told = attention(q, normed("k", text), split(layer("v", text)), bias);
    return pictures === null
      ? told
      : add(told, attention(q, normed("k_img", pictures), split(layer("v_img", pictures))));
  });
  return layer("o", y.reshape(x.shape));
}

/** Here the timestep's embedding itself modulates, before its projection: time [n, dim]. */
function head(shared: Shared, x: Tensor, time: Tensor): Tensor {
  const { config, weights } = shared;
  const each = time.reshape([time.shape[0] ?? 0, 1, config.dim]);
  const modulation = add(weights.get("head.modulation"), cat([each, each], 1));
  const [shift, scale] = [0, 1].map((row) => modulationRow(shared, modulation, row));
  const normed = layerNormModulate(x, shift as Tensor, scale as Tensor, config.eps);
  return denseLayer(weights, "head.head", normed, "none", "f32");
}

type Variant = Partial<Pick<WanConfig, "channels" | "conditionChannels" | "image">>;

function published(
  dim: number,
  ffnDim: number,
  layers: number,
  { channels = 16, conditionChannels = 0, image = null }: Variant = {},
): WanConfig {
  const rest = { textDim: 4096, textLength: 512, timeDim: 256, eps: 1e-6 };
  const kind = { channels, conditionChannels, image };
  return { dim, ffnDim, layers, heads: dim / HEAD_DIM, patch: [1, 2, 2], ...kind, ...rest };
}

/** 14B, with what image to video needs. */
function published14b(image: PictureConfig | null | undefined): WanConfig {
  return published(5120, 13824, 40, image === undefined ? {} : { conditionChannels: 20, image });
}

function family(
  latent: LatentFormat,
): Omit<DiffusionFamily<WanConfig>, "family" | "title" | "published"> {
  const own = (header: CheckpointHeader): WanConfig | string | null => {
    const config = read(header);
    if (config === null || typeof config === "string") return config;
    return config.channels === latent.channels ? config : null;
  };
  return {
    kind: "diffusion",
    namings: [wanNaming("original", 0), wanNaming("diffusers", 1)],
    detect: (header) => {
      const config = own(header);
      return typeof config === "string" ? null : config;
    },
    unsupported: (header) => {
      const reason = own(header);
      return typeof reason === "string" ? reason : null;
    },
    tensors,
    create,
    latent,
    defaultShift: 8,
    timestepFactor: 1000,
    tokenGrid: ({ patch }, shape) => patchGrid(patch, shape),
    textWidth: (config) => config.textDim,
    layers: (config) => config.layers,
    extraShapes: ({ image }) =>
      image === null ? {} : { clip_vision: [image.positions ?? CLIP_ROWS, image.width] },
    quantizes: (name) => /^blocks\.\d+\.(?:self_attn|cross_attn|ffn)\.[^.]+\.weight$/.test(name),
    maskKind: "wan",
  };
}

const CLIP_ROWS = 257;
const CLIP_WIDTH = 1280;

const wan: DiffusionFamily<WanConfig> = {
  ...family(wan21Latent),
  family: "wan",
  title: "Wan 2.1",
  published: [
    { title: "Wan 2.1 1.3B", fileName: /wan.*1[._]3b/i, config: published(1536, 8960, 30) },
    {
      title: "Wan 2.1 FLF2V 14B",
      fileName: /wan.*flf2v/i,
      config: published14b({ width: CLIP_WIDTH, positions: 2 * CLIP_ROWS }),
    },
    {
      title: "Wan 2.2 I2V A14B",
      fileName: /wan.*2[._]2.*i2v(?!.*5b)/i,
      config: published14b(null),
    },
    {
      title: "Wan 2.1 I2V 14B",
      fileName: /wan.*(?<!t)i2v/i,
      config: published14b({ width: CLIP_WIDTH, positions: null }),
    },
    { title: "Wan 14B", fileName: /wan(?!.*(?:ti2v|[._-]5b))/i, config: published14b(undefined) },
  ],
};

/** Wan 2.2 TI2V 5B: known frames are not told by channels but by their timestep, which is 0. */
const wan22: DiffusionFamily<WanConfig> = {
  ...family(wan22Latent),
  family: "wan22",
  title: "Wan 2.2 TI2V",
  published: [
    {
      title: "Wan 2.2 TI2V 5B",
      fileName: /wan.*(?:ti2v|[._-]5b)/i,
      config: published(3072, 14336, 30, { channels: 48 }),
    },
  ],
  keepsKnownLatents: true,
};

export default wan;
/** Families that share this file's transformer. */
export const variants: readonly DiffusionFamily<WanConfig>[] = [wan22];
