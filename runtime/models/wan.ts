/**
 * The Wan 2.1 text-to-video transformer (Wan: Open and Advanced Large-Scale Video Generative Models, arXiv 2503.20314;
 * checked against the Wan2.1 repository). A latent is cut into patches; every block modulates a self-attention over all
 * video tokens by the timestep, attends to the text, and ends with a feed-forward layer.
 */
import type { BlockMask } from "#runtime/attention/block-mask";
import { UmbelError } from "#runtime/errors";
import { denseLayer } from "#runtime/nn/dense-layer";
import { replace } from "#runtime/nn/replace";
import { ropeTable } from "#runtime/nn/rope-table";
import { timeEmbedding } from "#runtime/nn/time-embedding";
import type {
  CheckpointHeader,
  DiffusionFamily,
  DiffusionInput,
  DiffusionModel,
  LatentFormat,
  Naming,
  TensorSpec,
  TokenGrid,
  WeightPreparation,
  Weights,
} from "#runtime/sdk/model";
import {
  add,
  attention,
  blockSparseAttention,
  cat,
  layerNorm,
  layerNormModulate,
  linear,
  linearGatedResidual,
  rmsNorm,
  rmsNormRope,
  silu,
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
  readonly textDim: number;
  /** Rows of text that are attended: the prompt's, then zeros. */
  readonly textLength: number;
  readonly timeDim: number;
  /** Latent frames, rows and columns of a patch. */
  readonly patch: readonly [frames: number, height: number, width: number];
  readonly eps: number;
}

/** Head width of every published checkpoint; others say their head count in the file's metadata. */
const HEAD_DIM = 128;

const latent: LatentFormat = {
  channels: 16,
  spatialFactor: 8,
  temporalFactor: 4,
  mean: [
    -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517,
    -0.3632, -0.1922, -0.9497, 0.2503, -0.2921,
  ],
  std: [
    2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579,
    1.6382, 1.1253, 2.8251, 1.916,
  ],
  rgb: [
    [-0.1299, -0.1692, 0.2932],
    [0.0671, 0.0406, 0.0442],
    [0.3568, 0.2548, 0.1747],
    [0.0372, 0.2344, 0.142],
    [0.0313, 0.0189, -0.0328],
    [0.0296, -0.0956, -0.0665],
    [-0.3477, -0.4059, -0.2925],
    [0.0166, 0.1902, 0.1975],
    [-0.0412, 0.0267, -0.1364],
    [-0.1293, 0.074, 0.1636],
    [0.068, 0.3019, 0.1128],
    [0.0032, 0.0581, 0.0639],
    [-0.1251, 0.0927, 0.1699],
    [0.006, -0.0633, 0.0005],
    [0.3477, 0.2275, 0.295],
    [0.1984, 0.0913, 0.1861],
  ],
  rgbBias: [-0.1835, -0.0868, -0.336],
};

// Names

/** [canonical, diffusers] outside of the blocks and inside of one; `.weight` and `.bias` stay. */
const TOP_NAMES: readonly (readonly [string, string])[] = [
  ["patch_embedding", "patch_embedding"],
  ["text_embedding.0", "condition_embedder.text_embedder.linear_1"],
  ["text_embedding.2", "condition_embedder.text_embedder.linear_2"],
  ["time_embedding.0", "condition_embedder.time_embedder.linear_1"],
  ["time_embedding.2", "condition_embedder.time_embedder.linear_2"],
  ["time_projection.1", "condition_embedder.time_proj"],
  ["img_emb.proj.0", "condition_embedder.image_embedder.norm1"],
  ["img_emb.proj.1", "condition_embedder.image_embedder.ff.net.0.proj"],
  ["img_emb.proj.3", "condition_embedder.image_embedder.ff.net.2"],
  ["img_emb.proj.4", "condition_embedder.image_embedder.norm2"],
  ["img_emb.emb_pos", "condition_embedder.image_embedder.pos_embed"],
  ["head.modulation", "scale_shift_table"],
  ["head.head", "proj_out"],
];
const BLOCK_NAMES: readonly (readonly [string, string])[] = [
  ["modulation", "scale_shift_table"],
  ["self_attn.q", "attn1.to_q"],
  ["self_attn.k", "attn1.to_k"],
  ["self_attn.v", "attn1.to_v"],
  ["self_attn.o", "attn1.to_out.0"],
  ["self_attn.norm_q", "attn1.norm_q"],
  ["self_attn.norm_k", "attn1.norm_k"],
  ["norm3", "norm2"],
  ["cross_attn.q", "attn2.to_q"],
  ["cross_attn.k", "attn2.to_k"],
  ["cross_attn.v", "attn2.to_v"],
  ["cross_attn.o", "attn2.to_out.0"],
  ["cross_attn.norm_q", "attn2.norm_q"],
  ["cross_attn.norm_k", "attn2.norm_k"],
  ["cross_attn.k_img", "attn2.add_k_proj"],
  ["cross_attn.v_img", "attn2.add_v_proj"],
  ["cross_attn.norm_k_img", "attn2.norm_added_k"],
  ["ffn.0", "ffn.net.0.proj"],
  ["ffn.2", "ffn.net.2"],
];

function naming(id: string, column: 0 | 1): Naming {
  const top = new Map(TOP_NAMES.map((row) => [row[column], row[0]]));
  const block = new Map(BLOCK_NAMES.map((row) => [row[column], row[0]]));
  return {
    id,
    canonical(name) {
      const parts = /^(blocks\.\d+\.)?(.+?)(\.weight|\.bias)?$/.exec(name);
      if (parts === null) return null;
      const [, prefix = "", stem = "", suffix = ""] = parts;
      const found = (prefix === "" ? top : block).get(stem);
      return found === undefined ? null : prefix + found + suffix;
    },
  };
}

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
  const [dim = 0, channels = 0, ...patch] = shape("patch_embedding.weight");
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
  if (!isEmbeddable([dim, channels, ffnDim, textDim, outputs, ...patch], timeDim)) return null;

  const heads = headCount(header, dim);
  const outChannels = outputs / (frames * height * width);
  const has = (part: string) => [...header.tensors.keys()].some((name) => name.includes(part));
  if (has("vace_")) return "VACE control checkpoints are not run yet";
  if (has("img_emb.") || has(".k_img.") || channels !== outChannels) {
    return `image-to-video checkpoints (${channels} channels in, ${outChannels} out) are not run yet`;
  }
  if (channels === 48) return "the 48-channel Wan 2.2 TI2V checkpoint is not run yet";
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
    textDim,
    textLength: stated(header, "text_len") ?? 512,
    timeDim,
    patch: [frames, height, width],
    eps: eps > 0 && eps < 1 ? eps : 1e-6,
  };
}

function tensors(config: WanConfig): TensorSpec[] {
  const { dim, ffnDim, channels, patch } = config;
  const result: TensorSpec[] = [];
  const layer = (name: string, out: number, ...input: number[]) => {
    result.push({ name: `${name}.weight`, shape: [out, ...input] });
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  layer("patch_embedding", dim, channels, ...patch);
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
    layer(`${block}.norm3`, dim);
    layer(`${block}.ffn.0`, ffnDim, dim);
    layer(`${block}.ffn.2`, dim, ffnDim);
  }
  result.push({ name: "head.modulation", shape: [1, 2, dim] });
  layer("head.head", channels * patch[0] * patch[1] * patch[2], dim);
  return result;
}

function tokenGrid({ patch }: WanConfig, shape: readonly number[]): TokenGrid {
  const [, frames = 0, height = 0, width = 0] = shape;
  return {
    frames: Math.ceil(frames / patch[0]),
    height: Math.ceil(height / patch[1]),
    width: Math.ceil(width / patch[2]),
  };
}

// The model

/** What every block shares in one forward pass. */
interface Shared {
  readonly config: WanConfig;
  readonly weights: Weights;
  /** [6, dim]: the timestep's part of each block's modulation. */
  readonly modulation: Tensor;
  /** [tokens, head dim / 2, 2] */
  readonly rope: Tensor;
  /** [rows, dim] and the bias [1, 1, rows] on its attention logits. */
  readonly text: Tensor;
  readonly textBias: Tensor | null;
}

const asMatrix: WeightPreparation = {
  key: "matrix",
  apply: (weight) => weight.reshape([weight.shape[0] ?? 0, -1]),
};

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
  const grid = tokenGrid(config, input.latent.shape);
  const tokens = grid.frames * grid.height * grid.width;

  const sinusoid = device.tensor(timeEmbedding(input.timestep, config.timeDim), [
    1,
    config.timeDim,
  ]);
  const time = denseLayer(
    weights,
    "time_embedding.2",
    denseLayer(weights, "time_embedding.0", sinusoid, "silu"),
  );
  const shared: Shared = {
    config,
    weights,
    modulation: denseLayer(weights, "time_projection.1", silu(time)).reshape([6, dim]),
    rope: device.tensor(rope(grid), [tokens, dim / heads / 2, 2]),
    ...embedText(config, weights, input.context),
  };
  const masks = new DeviceMasks(weights, tokens);
  let x = scope(() => embedPatches(config, weights, input.latent));
  for (let layer = 0; layer < config.layers; layer++) {
    const mask = masks.get(input.attention?.(layer) ?? null);
    x = block(shared, `blocks.${layer}`, x, mask);
  }
  const patches = replace(x, (tokenRows) => head(shared, tokenRows, time));
  return joinPatches(config, patches, input.latent.shape);
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

/** A latent whose sizes are no multiples of the patch is continued by its own start, as ComfyUI does. */
function wrap(x: Tensor, axis: number, multiple: number): Tensor {
  const excess = (x.shape[axis] ?? 0) % multiple;
  return excess === 0 ? x : cat([x, x.slice(axis, 0, multiple - excess).contiguous()], axis);
}

/** [C, T, h, w] -> [tokens, dim]: a convolution whose stride is its kernel is a matrix product over patches. */
function embedPatches(config: WanConfig, weights: Weights, x: Tensor): Tensor {
  const [pt, ph, pw] = config.patch;
  const grid = tokenGrid(config, x.shape);
  const whole = wrap(wrap(wrap(x, 1, pt), 2, ph), 3, pw);
  const patches = whole
    .reshape([config.channels, grid.frames, pt, grid.height, ph, grid.width, pw])
    .permute([1, 3, 5, 0, 2, 4, 6])
    .contiguous()
    .reshape([grid.frames * grid.height * grid.width, -1]);
  const weight = weights.get("patch_embedding.weight", asMatrix);
  return linear(patches, weight, weights.get("patch_embedding.bias"));
}

/** [tokens, patch numbers] with channels innermost -> [C, T, h, w]. */
function joinPatches(config: WanConfig, patches: Tensor, shape: readonly number[]): Tensor {
  const [pt, ph, pw] = config.patch;
  const grid = tokenGrid(config, shape);
  const whole = patches
    .reshape([grid.frames, grid.height, grid.width, pt, ph, pw, config.channels])
    .permute([6, 0, 3, 1, 4, 2, 5])
    .contiguous()
    .reshape([config.channels, grid.frames * pt, grid.height * ph, grid.width * pw]);
  const [, frames, height, width] = shape;
  return whole.slice(1, 0, frames).slice(2, 0, height).slice(3, 0, width).contiguous();
}

/** Row i of the sum of a learned modulation [1, n, dim] and the timestep's. */
function modulationRows(weights: Weights, name: string, time: Tensor): (row: number) => Tensor {
  const [rows = 0, dim = 0] = time.shape;
  const sum = add(weights.get(name).reshape([rows, dim]), time);
  return (row) => sum.slice(0, row, row + 1).reshape([dim]);
}

/** Frees `x`. */
function block(shared: Shared, name: string, x: Tensor, mask: DeviceBlockMask | null): Tensor {
  const { config, weights } = shared;
  const { eps } = config;
  const modulation = scope(() => {
    const row = modulationRows(weights, `${name}.modulation`, shared.modulation);
    return { shift: [row(0), row(3)], scale: [row(1), row(4)], gate: [row(2), row(5)] } as const;
  });
  const { shift, scale, gate } = modulation;

  const attended = replace(x, (states) => {
    const normed = layerNormModulate(states, shift[0], scale[0], eps);
    const y = replace(normed, (z) => selfAttention(shared, `${name}.self_attn`, z, mask));
    return linearGatedResidual(
      y,
      weights.get(`${name}.self_attn.o.weight`),
      weights.get(`${name}.self_attn.o.bias`),
      states,
      gate[0],
    );
  });
  const informed = replace(attended, (states) => {
    const normed = layerNorm(states, {
      weight: weights.get(`${name}.norm3.weight`),
      bias: weights.get(`${name}.norm3.bias`),
      eps,
    });
    return add(states, crossAttention(shared, `${name}.cross_attn`, normed));
  });
  const result = replace(informed, (states) => {
    const normed = layerNormModulate(states, shift[1], scale[1], eps);
    const hidden = replace(normed, (y) => denseLayer(weights, `${name}.ffn.0`, y, "gelu_tanh"));
    return linearGatedResidual(
      hidden,
      weights.get(`${name}.ffn.2.weight`),
      weights.get(`${name}.ffn.2.bias`),
      states,
      gate[1],
    );
  });
  for (const row of Object.values(modulation).flat()) row[Symbol.dispose]();
  return result;
}

/** Attention over all video tokens, before its output projection: [tokens, dim]. */
function selfAttention(
  shared: Shared,
  name: string,
  x: Tensor,
  mask: DeviceBlockMask | null,
): Tensor {
  const { config, weights, rope } = shared;
  const heads = [x.shape[0] ?? 0, config.heads, config.dim / config.heads];
  const rotated = (part: "q" | "k") =>
    scope(() => {
      const y = denseLayer(weights, `${name}.${part}`, x);
      const norm = weights.get(`${name}.norm_${part}.weight`);
      return rmsNormRope(y, norm, rope, config.eps, config.heads).reshape(heads);
    });
  const q = rotated("q");
  const k = rotated("k");
  const v = denseLayer(weights, `${name}.v`, x).reshape(heads);
  const y = mask === null ? attention(q, k, v) : blockSparseAttention(q, k, v, mask);
  return y.reshape(x.shape);
}

/** Attention of the video tokens to the text. */
function crossAttention(shared: Shared, name: string, x: Tensor): Tensor {
  const { config, weights, text, textBias } = shared;
  const split = (y: Tensor) => y.reshape([y.shape[0] ?? 0, config.heads, -1]);
  const normed = (part: "q" | "k", input: Tensor) =>
    scope(() => {
      const y = denseLayer(weights, `${name}.${part}`, input);
      return split(rmsNorm(y, weights.get(`${name}.norm_${part}.weight`), config.eps));
    });
  const q = normed("q", x);
  const k = normed("k", text);
  const v = split(denseLayer(weights, `${name}.v`, text));
  const y = attention(q, k, v, textBias === null ? {} : { bias: textBias });
  return denseLayer(weights, `${name}.o`, y.reshape(x.shape));
}

/** Here the timestep's embedding itself modulates, before its projection. */
function head({ config, weights }: Shared, x: Tensor, time: Tensor): Tensor {
  const row = modulationRows(weights, "head.modulation", cat([time, time], 0));
  const normed = layerNormModulate(x, row(0), row(1), config.eps);
  return denseLayer(weights, "head.head", normed, "none", "f32");
}

/** Masks on the device, each uploaded once a forward pass. */
class DeviceMasks {
  readonly #weights: Weights;
  readonly #tokens: number;
  readonly #uploaded = new Map<BlockMask, DeviceBlockMask>();

  constructor(weights: Weights, tokens: number) {
    this.#weights = weights;
    this.#tokens = tokens;
  }

  get(mask: BlockMask | null): DeviceBlockMask | null {
    if (mask === null) return null;
    const known = this.#uploaded.get(mask);
    if (known !== undefined) return known;
    if (mask.tokens !== this.#tokens) {
      throw new UmbelError(
        "ERR_SHAPE",
        `Expected an attention mask over ${this.#tokens} tokens, got one over ${mask.tokens}.`,
      );
    }
    const { device } = this.#weights;
    const { groups, blockSize } = mask;
    const uploaded: DeviceBlockMask = {
      rowPtr: device.tensor(mask.rowPtr, [groups, mask.rowPtr.length / groups]),
      col: device.tensor(mask.col, [groups, mask.col.length / groups]),
      blockSize,
    };
    this.#uploaded.set(mask, uploaded);
    return uploaded;
  }
}

function published(dim: number, ffnDim: number, layers: number): WanConfig {
  const rest = { channels: 16, textDim: 4096, textLength: 512, timeDim: 256, eps: 1e-6 };
  return { dim, ffnDim, layers, heads: dim / HEAD_DIM, patch: [1, 2, 2], ...rest };
}

const wan: DiffusionFamily<WanConfig> = {
  family: "wan",
  title: "Wan 2.1 text to video",
  kind: "diffusion",
  namings: [naming("original", 0), naming("diffusers", 1)],
  detect: (header) => {
    const config = read(header);
    return typeof config === "string" ? null : config;
  },
  unsupported: (header) => {
    const reason = read(header);
    return typeof reason === "string" ? reason : null;
  },
  published: [
    { title: "Wan 2.1 1.3B", fileName: /wan.*1[._]3b/i, config: published(1536, 8960, 30) },
    { title: "Wan 2.1 14B", fileName: /wan/i, config: published(5120, 13824, 40) },
  ],
  tensors,
  create,
  latent,
  defaultShift: 8,
  timestepFactor: 1000,
  tokenGrid,
  textWidth: (config) => config.textDim,
  layers: (config) => config.layers,
  maskKind: "wan",
};

export default wan;
