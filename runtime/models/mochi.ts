/**
 * The Mochi-1 text-to-video transformer (AsymmDiT; checked against genmo's Mochi repository). Video and text attend to
 * each other in one sequence, the video first, each with weights of its own and the text with far fewer; positions turn
 * queries and keys by learned frequencies. Norms stand before a layer, scaled by the timestep, and behind it, gated.
 */
import { DeviceMasks } from "#runtime/attention/device-masks";
import { UmbelError } from "#runtime/errors";
import { denseLayer, denseRows } from "#runtime/nn/dense-layer";
import { meanRow } from "#runtime/nn/mean-row";
import {
  asMatrix,
  embedPatches,
  joinPatches,
  patchGrid,
  type PatchSize,
} from "#runtime/nn/patches";
import { attend, rowsOf, unprojected, type Projected } from "#runtime/nn/projected";
import { replace } from "#runtime/nn/replace";
import { timeEmbedding } from "#runtime/nn/time-embedding";
import type {
  CheckpointHeader,
  DiffusionFamily,
  DiffusionInput,
  DiffusionModel,
  LatentFormat,
  TensorSpec,
  TokenGrid,
  WeightPreparation,
  Weights,
} from "#runtime/sdk/model";
import {
  add,
  affine,
  attention,
  cat,
  cosSin,
  layerNormModulate,
  linear,
  mul,
  rmsNorm,
  rmsNormRope,
  silu,
  tanh,
  type DeviceBlockMask,
} from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";
import { tableNaming, type NameGroup } from "#runtime/weights/name-table";

interface MochiConfig {
  readonly dim: number;
  /** Width of the text inside of the blocks. */
  readonly textWidth: number;
  readonly heads: number;
  readonly headDim: number;
  readonly mlpDim: number;
  readonly textMlpDim: number;
  readonly layers: number;
  /** Channels of the latent, in and out. */
  readonly channels: number;
  /** Width of the text encoder's rows. */
  readonly textDim: number;
  readonly timeDim: number;
  readonly patch: PatchSize;
}

const EPS = 1e-6;
/** Of the norms of queries and keys. */
const HEAD_EPS = 1e-5;
/** Heads of the attention that pools the text, whatever its width. */
const POOL_HEADS = 8;
/** Positions are scaled as if a frame had so many tokens. */
const POSITION_AREA = 192 * 192;
const TIME_FACTOR = 1000;

const latent: LatentFormat = {
  channels: 12,
  spatialFactor: 8,
  temporalFactor: 6,
  mean: [
    -0.06730895953510081, -0.038011381506090416, -0.07477820912866141, -0.05565264470995561,
    0.012767231469026969, -0.04703542746246419, 0.043896967884726704, -0.09346305707025976,
    -0.09918314763016893, -0.008729793427399178, -0.011931556316503654, -0.0321993391887285,
  ],
  std: [
    0.9263795028493863, 0.9248894543193766, 0.9393059390890617, 0.959253732819592,
    0.8244560132752793, 0.917259975397747, 0.9294154431013696, 1.3720942357788521,
    0.881393668867029, 0.9168315692124348, 0.9185249279345552, 0.9274757570805041,
  ],
  rgb: [
    [-0.0069, -0.0045, 0.0018],
    [0.0154, -0.0692, -0.0274],
    [0.0333, 0.0019, 0.0206],
    [-0.139, 0.0628, 0.1678],
    [-0.0725, 0.0134, -0.1898],
    [0.0074, -0.027, -0.0209],
    [-0.0176, -0.0277, -0.0221],
    [0.5294, 0.5204, 0.3852],
    [-0.0326, -0.0446, -0.0143],
    [-0.0659, 0.0153, -0.0153],
    [0.0185, -0.0217, 0.0014],
    [-0.0396, -0.0495, -0.0281],
  ],
  rgbBias: [-0.094, -0.1418, -0.1453],
};

// Names: [genmo and ComfyUI, diffusers, diffusers in the last block]

const NAMES: readonly NameGroup[] = [
  {
    prefixes: ["blocks.#.", "transformer_blocks.#."],
    rows: [
      ["mod_x", "norm1.linear"],
      ["mod_y", "norm1_context.linear"],
      ["attn.qkv_x", ["attn1.to_q", "attn1.to_k", "attn1.to_v"]],
      ["attn.q_norm_x", "attn1.norm_q"],
      ["attn.k_norm_x", "attn1.norm_k"],
      ["attn.proj_x", "attn1.to_out.0"],
      ["attn.qkv_y", ["attn1.add_q_proj", "attn1.add_k_proj", "attn1.add_v_proj"]],
      ["attn.q_norm_y", "attn1.norm_added_q"],
      ["attn.k_norm_y", "attn1.norm_added_k"],
      ["attn.proj_y", "attn1.to_add_out"],
      ["mlp_x.w1", { swapped: "ff.net.0.proj" }],
      ["mlp_x.w2", "ff.net.2"],
      ["mlp_y.w1", { swapped: "ff_context.net.0.proj" }],
      ["mlp_y.w2", "ff_context.net.2"],
    ],
  },
  // The last block leaves the text as it is; its modulation has a name of its own in diffusers.
  { prefixes: ["blocks.#.", "transformer_blocks.#."], rows: [["mod_y", "norm1_context.linear_1"]] },
  {
    prefixes: ["", ""],
    rows: [
      ["pos_frequencies", "pos_frequencies"],
      ["x_embedder.proj", "patch_embed.proj"],
      ["t_embedder.mlp.0", "time_embed.timestep_embedder.linear_1"],
      ["t_embedder.mlp.2", "time_embed.timestep_embedder.linear_2"],
      ["t5_y_embedder.to_kv", "time_embed.pooler.to_kv"],
      ["t5_y_embedder.to_q", "time_embed.pooler.to_q"],
      ["t5_y_embedder.to_out", "time_embed.pooler.to_out"],
      ["t5_yproj", "time_embed.caption_proj"],
      ["final_layer.mod", { swapped: "norm_out.linear" }],
      ["final_layer.linear", "proj_out"],
    ],
  },
];

// Configuration

function detect(header: CheckpointHeader): MochiConfig | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const [axes, heads = 0, half = 0] = shape("pos_frequencies");
  const [dim = 0, channels = 0, ...patch] = shape("x_embedder.proj.weight");
  const [height = 0, width = 0] = patch;
  const [textWidth = 0, textDim = 0] = shape("t5_yproj.weight");
  const [, mlpDim = 0] = shape("blocks.0.mlp_x.w2.weight");
  const [, textMlpDim = 0] = shape("blocks.0.mlp_y.w2.weight");
  const [, timeDim = 0] = shape("t_embedder.mlp.0.weight");
  const sizes = [heads, half, dim, channels, height, width, textWidth, textDim, mlpDim, timeDim];
  if (axes !== 3 || patch.length !== 2 || sizes.some((size) => size < 1)) return null;
  if (heads * half * 2 !== dim || timeDim % 2 !== 0 || textDim % POOL_HEADS !== 0) return null;
  const layers = blockCount(header.tensors.keys(), "blocks.");
  // The last block has no feed-forward layer for the text.
  if (layers > 1 && textMlpDim < 1) return null;
  return {
    dim,
    textWidth,
    heads,
    headDim: 2 * half,
    mlpDim,
    textMlpDim,
    layers,
    channels,
    textDim,
    timeDim,
    patch: [1, height, width],
  };
}

function tensors(config: MochiConfig): TensorSpec[] {
  const { dim, textWidth, headDim, channels, textDim, patch } = config;
  const result: TensorSpec[] = [{ name: "pos_frequencies", shape: [3, config.heads, headDim / 2] }];
  const matrix = (name: string, out: number, ...input: number[]) =>
    result.push({ name: `${name}.weight`, shape: [out, ...input] });
  const layer = (name: string, out: number, ...input: number[]) => {
    matrix(name, out, ...input);
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  const stream = (block: string, part: "x" | "y", width: number, hidden: number | null) => {
    const runs = [dim, dim, dim];
    result.push({ name: `${block}.attn.qkv_${part}.weight`, shape: [3 * dim, width], runs });
    for (const norm of ["q_norm", "k_norm"]) matrix(`${block}.attn.${norm}_${part}`, headDim);
    if (hidden === null) return;
    layer(`${block}.attn.proj_${part}`, width, dim);
    matrix(`${block}.mlp_${part}.w1`, 2 * hidden, width);
    matrix(`${block}.mlp_${part}.w2`, width, hidden);
  };
  layer("x_embedder.proj", dim, channels, patch[1], patch[2]);
  layer("t_embedder.mlp.0", dim, config.timeDim);
  layer("t_embedder.mlp.2", dim, dim);
  layer("t5_y_embedder.to_kv", 2 * textDim, textDim);
  layer("t5_y_embedder.to_q", textDim, textDim);
  layer("t5_y_embedder.to_out", dim, textDim);
  layer("t5_yproj", textWidth, textDim);
  for (let i = 0; i < config.layers; i++) {
    const block = `blocks.${i}`;
    const isLast = i === config.layers - 1;
    layer(`${block}.mod_x`, 4 * dim, dim);
    layer(`${block}.mod_y`, (isLast ? 1 : 4) * textWidth, dim);
    stream(block, "x", dim, config.mlpDim);
    stream(block, "y", textWidth, isLast ? null : config.textMlpDim);
  }
  layer("final_layer.mod", 2 * dim, dim);
  layer("final_layer.linear", channels * patch[1] * patch[2], dim);
  return result;
}

// The model

/** What every block shares in one forward pass. */
interface Shared {
  readonly config: MochiConfig;
  readonly weights: Weights;
  /** silu of the vector that modulates, [1, dim]. */
  readonly condition: Tensor;
  /** [video heads, head dim / 2, 2]: every head turns by angles of its own. */
  readonly rope: Tensor;
  readonly video: number;
}

function create(config: MochiConfig, weights: Weights): DiffusionModel {
  return { forward: (input) => scope(() => forward(config, weights, input)) };
}

/** The flow is minus what the network estimates: the clean latent less the noise. */
function forward(config: MochiConfig, weights: Weights, input: DiffusionInput): Tensor {
  checkInput(config, input);
  const grid = patchGrid(config.patch, input.latent.shape);
  const video = grid.frames * grid.height * grid.width;
  const text = input.context.shape[0] ?? 0;
  const shared: Shared = {
    config,
    weights,
    condition: scope(() => silu(conditionOf(config, weights, input))),
    rope: scope(() => ropeOf(config, weights, grid)),
    video,
  };
  const masks = new DeviceMasks(weights.device, { video, text });
  const x = scope(() => {
    const weight = weights.get("x_embedder.proj.weight", asMatrix);
    return embedPatches(input.latent, config.patch, weight, weights.get("x_embedder.proj.bias"));
  });
  // An empty conditioning has no rows: the video then attends to itself alone.
  const y = text === 0 ? null : scope(() => denseLayer(weights, "t5_yproj", input.context));
  for (let i = 0; i < config.layers; i++) {
    const mask = masks.get(input.attention?.(i) ?? null);
    block(shared, i, x, y, mask);
  }
  const patches = replace(x, (states) => affine(head(shared, states), -1, 0));
  return joinPatches(patches, config.patch, input.latent.shape, "last");
}

function checkInput(config: MochiConfig, { latent: x, context }: DiffusionInput): void {
  if (x.rank !== 4 || x.shape[0] !== config.channels || x.numel === 0) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a latent [${config.channels}, frames, height, width], got [${x.shape.join(", ")}]. ` +
        "Make it with EmptyMochiLatentVideo.",
    );
  }
  if (context.rank !== 2 || context.shape[1] !== config.textDim) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a text embedding [tokens, ${config.textDim}], got [${context.shape.join(", ")}]. ` +
        "The text encoder does not belong to this model; Mochi takes T5-XXL.",
    );
  }
}

/** Time, which runs from noise to the clip here, and the pooled text, [1, dim]. */
function conditionOf(config: MochiConfig, weights: Weights, input: DiffusionInput): Tensor {
  const { timeDim } = config;
  const time = TIME_FACTOR * (1 - input.timestep);
  const sinusoid = weights.device.tensor(timeEmbedding(time, timeDim), [1, timeDim]);
  const first = denseLayer(weights, "t_embedder.mlp.0", sinusoid, "silu");
  return add(
    denseLayer(weights, "t_embedder.mlp.2", first),
    poolText(config, weights, input.context),
  );
}

/** Attention of the text's mean to itself and to all rows. */
function poolText({ textDim }: MochiConfig, weights: Weights, text: Tensor): Tensor {
  const { device } = weights;
  const isEmpty = text.shape[0] === 0;
  const mean = isEmpty ? device.zeros([1, textDim]) : meanRow(text);
  const rows = isEmpty ? mean : cat([mean, text], 0);
  const q = denseLayer(weights, "t5_y_embedder.to_q", mean);
  const kv = denseLayer(weights, "t5_y_embedder.to_kv", rows);
  const heads = (y: Tensor) => y.contiguous().reshape([y.shape[0] ?? 0, POOL_HEADS, -1]);
  const pooled = attention(heads(q), heads(kv.slice(1, 0, textDim)), heads(kv.slice(1, textDim)));
  return denseLayer(weights, "t5_y_embedder.to_out", pooled.reshape([1, textDim]));
}

/** [3, heads, n] -> [heads n, 3] */
const asAngles: WeightPreparation = {
  key: "angles",
  apply: (weight) => weight.reshape([3, -1]).permute([1, 0]).contiguous(),
};

/** Positions (frame, row, column) times the learned frequencies of each head. */
function ropeOf({ heads, headDim }: MochiConfig, weights: Weights, grid: TokenGrid): Tensor {
  const { frames, height, width } = grid;
  const tokens = frames * height * width;
  const scale = Math.sqrt(POSITION_AREA / (height * width));
  const centre = (index: number, count: number) => (index + 0.5 - count / 2) * scale;
  const positions = new Float32Array(3 * tokens);
  for (let token = 0; token < tokens; token++) {
    positions[3 * token] = Math.floor(token / (height * width));
    positions[3 * token + 1] = centre(Math.floor(token / width) % height, height);
    positions[3 * token + 2] = centre(token % width, width);
  }
  const table = weights.device.tensor(positions, [tokens, 3]);
  const angles = linear(table, weights.get("pos_frequencies", asAngles), null, "none", "f32");
  return cosSin(angles.reshape([tokens * heads, headDim / 2]));
}

/** Parts of a modulation, each as wide as its stream. */
function modulation(weights: Weights, name: string, condition: Tensor, width: number) {
  const all = denseLayer(weights, name, condition).reshape([-1]);
  return (part: number): Tensor => all.slice(0, part * width, (part + 1) * width);
}

/** Root mean square norm times 1 + scale. */
function scaledNorm(x: Tensor, scale: Tensor): Tensor {
  return rmsNorm(x, affine(scale, 1, 1), EPS);
}

/** x + norm(y) tanh(gate), written over `x`, which `y` is lost for. */
function addNormed(x: Tensor, y: Tensor, gate: Tensor): void {
  add(x, rmsNorm(y, tanh(gate), EPS, y), x);
}

/** Writes queries, keys and values of a stream where attention will read them; `rope` turns the video's. */
function project(
  { config, weights }: Shared,
  name: string,
  part: "x" | "y",
  x: Tensor,
  rope: Tensor | null,
  { q, k, v }: Projected,
): void {
  const { dim, headDim } = config;
  const layer = (index: number, target: Tensor) =>
    denseRows(
      weights,
      `${name}.qkv_${part}`,
      x,
      [index * dim, (index + 1) * dim],
      "none",
      target,
    ).reshape([-1, headDim]);
  const normed = (index: number, key: "q" | "k", target: Tensor) => {
    const norm = weights.get(`${name}.${key}_norm_${part}.weight`);
    const y = layer(index, target);
    if (rope === null) rmsNorm(y, norm, HEAD_EPS, y);
    else rmsNormRope(y, norm, rope, HEAD_EPS, 1, y);
  };
  normed(0, "q", q);
  normed(1, "k", k);
  layer(2, v);
}

/** Writes what follows `x` and `y` over them; the last block, whose text nobody reads, over the video alone. */
function block(
  shared: Shared,
  index: number,
  x: Tensor,
  y: Tensor | null,
  mask: DeviceBlockMask | null,
): void {
  const { config, weights, condition, rope, video } = shared;
  const rows = video + (y?.shape[0] ?? 0);
  const name = `blocks.${index}`;
  const isLast = index === config.layers - 1;
  const modX = () => modulation(weights, `${name}.mod_x`, condition, config.dim);
  const modY = () => modulation(weights, `${name}.mod_y`, condition, config.textWidth);
  const attended = scope(() => {
    const attn = `${name}.attn`;
    const all = unprojected(weights.device, [rows, config.dim]);
    scope(() => {
      const normed = scaledNorm(x, modX()(0));
      project(shared, attn, "x", normed, rope, rowsOf(all, 0, video));
    });
    if (y !== null) {
      scope(() => {
        const normed = scaledNorm(y, modY()(0));
        project(shared, attn, "y", normed, null, rowsOf(all, video, rows));
      });
    }
    return attend(all, config.heads, mask);
  });
  scope(() => blockEnd(shared, name, "x", x, attended.slice(0, 0, video), modX()));
  if (y !== null && !isLast) {
    scope(() => blockEnd(shared, name, "y", y, attended.slice(0, video), modY()));
  }
  attended[Symbol.dispose]();
}

/** What follows the attention in one stream, written over `x`. */
function blockEnd(
  { config, weights }: Shared,
  name: string,
  part: "x" | "y",
  x: Tensor,
  attended: Tensor,
  mod: (part: number) => Tensor,
): void {
  scope(() => addNormed(x, denseLayer(weights, `${name}.attn.proj_${part}`, attended), mod(1)));
  const normed = scaledNorm(x, mod(2));
  const width = part === "x" ? config.mlpDim : config.textMlpDim;
  const hidden = replace(normed, (z) => gatedHidden(weights, `${name}.mlp_${part}.w1`, z, width));
  addNormed(x, denseLayer(weights, `${name}.mlp_${part}.w2`, hidden), mod(3));
}

/** silu of the first half of a layer's outputs times the second, each `width` wide. */
function gatedHidden(weights: Weights, name: string, x: Tensor, width: number): Tensor {
  const gate = denseRows(weights, name, x, [0, width], "silu");
  return mul(gate, denseRows(weights, name, x, [width, 2 * width]), gate);
}

function head({ config, weights, condition }: Shared, x: Tensor): Tensor {
  const mod = modulation(weights, "final_layer.mod", condition, config.dim);
  const normed = layerNormModulate(x, mod(0), mod(1), EPS);
  return denseLayer(weights, "final_layer.linear", normed, "none", "f32");
}

const mochi: DiffusionFamily<MochiConfig> = {
  family: "mochi",
  title: "Mochi text to video",
  kind: "diffusion",
  namings: [tableNaming("original", 0, NAMES), tableNaming("diffusers", 1, NAMES)],
  detect,
  published: [
    {
      title: "Mochi 1 preview",
      fileName: /mochi/i,
      config: {
        dim: 3072,
        textWidth: 1536,
        heads: 24,
        headDim: 128,
        mlpDim: 8192,
        textMlpDim: 4096,
        layers: 48,
        channels: 12,
        textDim: 4096,
        timeDim: 256,
        patch: [1, 2, 2],
      },
    },
  ],
  tensors,
  create,
  latent,
  defaultShift: 6,
  timestepFactor: 1,
  tokenGrid: (config, shape) => patchGrid(config.patch, shape),
  textWidth: (config) => config.textDim,
  layers: (config) => config.layers,
  maskKind: "hunyuan",
};

export default mochi;
