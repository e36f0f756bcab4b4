/**
 * The HunyuanVideo text-to-video transformer (HunyuanVideo: A Systematic Framework For Large Video Generative Models,
 * arXiv 2412.03603; checked against the HunyuanVideo repository). Video and text attend to each other in one sequence,
 * the video first: double blocks keep weights of their own for both, single blocks share them. The prompt's embedding is
 * refined by two small blocks before; timestep, pooled text and guidance modulate every block.
 */
import { DeviceMasks } from "#runtime/attention/device-masks";
import { UmbelError } from "#runtime/errors";
import { denseLayer, denseRows, gatedDenseLayer } from "#runtime/nn/dense-layer";
import { meanRow } from "#runtime/nn/mean-row";
import {
  asMatrix,
  embedPatches,
  joinPatches,
  patchGrid,
  type PatchSize,
} from "#runtime/nn/patches";
import { hunyuanNamings } from "#runtime/nn/hunyuan-names";
import { attend, rowsOf, unprojected, type Projected } from "#runtime/nn/projected";
import { replace } from "#runtime/nn/replace";
import { rowChunks } from "#runtime/nn/row-chunks";
import { ropeTable } from "#runtime/nn/rope-table";
import { timeEmbedding } from "#runtime/nn/time-embedding";
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
  layerNorm,
  layerNormModulate,
  rmsNorm,
  rmsNormRope,
  silu,
  type Activation,
  type Target,
  type DeviceBlockMask,
} from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";

interface HunyuanConfig {
  readonly dim: number;
  readonly headDim: number;
  readonly mlpDim: number;
  readonly doubleBlocks: number;
  readonly singleBlocks: number;
  readonly refinerBlocks: number;
  readonly refinerMlpDim: number;
  /** Channels of the latent, in and out. */
  readonly channels: number;
  readonly textDim: number;
  readonly pooledDim: number;
  readonly timeDim: number;
  readonly patch: PatchSize;
  /** The guidance scale is an input (distilled checkpoints). */
  readonly guided: boolean;
}

const EPS = 1e-6;
const ROPE_THETA = 256;
/** Guidance where the conditioning does not say one. */
const DEFAULT_GUIDANCE = 6;
/** What timestep and guidance are multiplied with before they are embedded. */
const GUIDANCE_FACTOR = 1000;

const latent: LatentFormat = {
  channels: 16,
  spatialFactor: 8,
  temporalFactor: 4,
  mean: Array.from({ length: 16 }, () => 0),
  std: Array.from({ length: 16 }, () => 1 / 0.476986),
  rgb: [
    [-0.0395, -0.0331, 0.0445],
    [0.0696, 0.0795, 0.0518],
    [0.0135, -0.0945, -0.0282],
    [0.0108, -0.025, -0.0765],
    [-0.0209, 0.0032, 0.0224],
    [-0.0804, -0.0254, -0.0639],
    [-0.0991, 0.0271, -0.0669],
    [-0.0646, -0.0422, -0.04],
    [-0.0696, -0.0595, -0.0894],
    [-0.0799, -0.0208, -0.0375],
    [0.1166, 0.1627, 0.0962],
    [0.1165, 0.0432, 0.0407],
    [-0.2315, -0.192, -0.1355],
    [-0.027, 0.0401, -0.0821],
    [-0.0616, -0.0997, -0.0727],
    [0.0249, -0.0469, -0.1703],
  ],
  rgbBias: [0.0259, -0.0192, -0.0761],
};

// Configuration

/** Configuration as the shapes tell it; a string says why they describe a kin that is not run here. */
function read(header: CheckpointHeader): HunyuanConfig | string | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const [dim = 0, channels = 0, ...patch] = shape("img_in.proj.weight");
  const [frames = 0, height = 0, width = 0] = patch;
  const [headDim = 0] = shape("double_blocks.0.img_attn_q_norm.weight");
  const [mlpDim = 0] = shape("double_blocks.0.img_mlp.fc1.weight");
  const refiner = "txt_in.individual_token_refiner.blocks.";
  const [refinerMlpDim = 0] = shape(`${refiner}0.mlp.fc1.weight`);
  const [, textDim = 0] = shape("txt_in.input_embedder.weight");
  const [, pooledDim = 0] = shape("vector_in.in_layer.weight");
  const [, timeDim = 0] = shape("time_in.mlp.0.weight");
  const [outputs = 0] = shape("final_layer.linear.weight");
  const sizes = [dim, channels, headDim, mlpDim, refinerMlpDim, textDim, timeDim, ...patch];
  if (patch.length !== 3 || sizes.some((size) => size < 1) || timeDim % 2 !== 0) return null;
  if (dim % headDim !== 0 || headDim % 2 !== 0) return null;
  const outChannels = outputs / (frames * height * width);
  if (pooledDim === 0) {
    return "checkpoints without a pooled text embedding (HunyuanVideo 1.5) are not run yet";
  }
  if (outChannels !== channels) {
    return `image-to-video checkpoints (${channels} channels in, ${outChannels} out) are not run yet`;
  }
  return {
    dim,
    headDim,
    mlpDim,
    doubleBlocks: blockCount(header.tensors.keys(), "double_blocks."),
    singleBlocks: blockCount(header.tensors.keys(), "single_blocks."),
    refinerBlocks: blockCount(header.tensors.keys(), refiner),
    refinerMlpDim,
    channels,
    textDim,
    pooledDim,
    timeDim,
    patch: [frames, height, width],
    guided: header.tensors.has("guidance_in.mlp.0.weight"),
  };
}

function tensors(config: HunyuanConfig): TensorSpec[] {
  const { dim, headDim, mlpDim, channels, patch, timeDim } = config;
  const result: TensorSpec[] = [];
  const layer = (name: string, out: number, ...input: number[]) => {
    result.push({ name: `${name}.weight`, shape: [out, ...input] });
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  const joint = (name: string, runs: readonly number[]) => {
    const out = runs.reduce((sum, rows) => sum + rows, 0);
    result.push({ name: `${name}.weight`, shape: [out, dim], runs });
    result.push({ name: `${name}.bias`, shape: [out], runs });
  };
  const norms = (...names: readonly string[]) => {
    for (const name of names) result.push({ name: `${name}.weight`, shape: [headDim] });
  };
  const pair = (first: string, second: string, input: number) => {
    layer(first, dim, input);
    layer(second, dim, dim);
  };
  layer("img_in.proj", dim, channels, ...patch);
  layer("txt_in.input_embedder", dim, config.textDim);
  pair("txt_in.t_embedder.mlp.0", "txt_in.t_embedder.mlp.2", timeDim);
  pair("txt_in.c_embedder.linear_1", "txt_in.c_embedder.linear_2", config.textDim);
  for (let i = 0; i < config.refinerBlocks; i++) {
    const block = `txt_in.individual_token_refiner.blocks.${i}`;
    layer(`${block}.norm1`, dim);
    joint(`${block}.self_attn_qkv`, [dim, dim, dim]);
    layer(`${block}.self_attn_proj`, dim, dim);
    layer(`${block}.norm2`, dim);
    layer(`${block}.mlp.fc1`, config.refinerMlpDim, dim);
    layer(`${block}.mlp.fc2`, dim, config.refinerMlpDim);
    layer(`${block}.adaLN_modulation.1`, 2 * dim, dim);
  }
  pair("time_in.mlp.0", "time_in.mlp.2", timeDim);
  pair("vector_in.in_layer", "vector_in.out_layer", config.pooledDim);
  if (config.guided) pair("guidance_in.mlp.0", "guidance_in.mlp.2", timeDim);
  for (let i = 0; i < config.doubleBlocks; i++) {
    for (const stream of ["img", "txt"]) {
      const part = `double_blocks.${i}.${stream}`;
      layer(`${part}_mod.linear`, 6 * dim, dim);
      joint(`${part}_attn_qkv`, [dim, dim, dim]);
      norms(`${part}_attn_q_norm`, `${part}_attn_k_norm`);
      layer(`${part}_attn_proj`, dim, dim);
      layer(`${part}_mlp.fc1`, mlpDim, dim);
      layer(`${part}_mlp.fc2`, dim, mlpDim);
    }
  }
  for (let i = 0; i < config.singleBlocks; i++) {
    const block = `single_blocks.${i}`;
    joint(`${block}.linear1`, [dim, dim, dim, mlpDim]);
    layer(`${block}.linear2`, dim, dim + mlpDim);
    norms(`${block}.q_norm`, `${block}.k_norm`);
    layer(`${block}.modulation.linear`, 3 * dim, dim);
  }
  layer("final_layer.linear", channels * patch[0] * patch[1] * patch[2], dim);
  layer("final_layer.adaLN_modulation.1", 2 * dim, dim);
  return result;
}

// The model

/** What every block shares in one forward pass. */
interface Shared {
  readonly config: HunyuanConfig;
  readonly weights: Weights;
  /** silu of the vector that modulates, [1, dim]. */
  readonly condition: Tensor;
  /** [video, head dim / 2, 2]; and the same with text, which is not turned, behind it. */
  readonly videoRope: Tensor;
  readonly rope: Tensor;
  readonly video: number;
}

function create(config: HunyuanConfig, weights: Weights): DiffusionModel {
  let table: { grid: string; values: Float32Array } | null = null;
  const rope = (grid: TokenGrid): Float32Array => {
    const key = `${grid.frames}x${grid.height}x${grid.width}`;
    if (table?.grid !== key) table = { grid: key, values: ropeOf(config, grid) };
    return table.values;
  };
  return { forward: (input) => scope(() => forward(config, weights, input, rope)) };
}

/** Of a head's numbers an eighth turn with time, the others half and half with height and width. */
function ropeOf({ headDim }: HunyuanConfig, grid: TokenGrid): Float32Array {
  const time = 2 * Math.round(headDim / 16);
  const height = 2 * Math.round((headDim - time) / 4);
  const widths = [time, height, headDim - time - height];
  return ropeTable([grid.frames, grid.height, grid.width], widths, ROPE_THETA);
}

function forward(
  config: HunyuanConfig,
  weights: Weights,
  input: DiffusionInput,
  ropeOfGrid: (grid: TokenGrid) => Float32Array,
): Tensor {
  checkInput(config, input);
  const { device } = weights;
  const { headDim, patch } = config;
  const grid = patchGrid(patch, input.latent.shape);
  const video = grid.frames * grid.height * grid.width;
  const text = input.context.shape[0] ?? 0;
  const videoRope = device.tensor(ropeOfGrid(grid), [video, headDim / 2, 2]);
  const still = Float32Array.from({ length: text * headDim }, (_, i) => (i % 2 === 0 ? 1 : 0));
  const shared: Shared = {
    config,
    weights,
    condition: scope(() => silu(conditionOf(config, weights, input))),
    videoRope,
    rope: cat([videoRope, device.tensor(still, [text, headDim / 2, 2])], 0),
    video,
  };
  const masks = new DeviceMasks(device, { video, text });
  const maskOf = (layer: number) => masks.get(input.attention?.(layer) ?? null);

  const x = scope(() => {
    const weight = weights.get("img_in.proj.weight", asMatrix);
    return embedPatches(input.latent, patch, weight, weights.get("img_in.proj.bias"));
  });
  const txt = scope(() => refine(config, weights, input));
  for (let i = 0; i < config.doubleBlocks; i++) {
    doubleBlock(shared, `double_blocks.${i}`, x, txt, maskOf(i));
  }
  const joined = replace(x, (states) => cat([states, txt], 0));
  txt[Symbol.dispose]();
  for (let i = 0; i < config.singleBlocks; i++) {
    const mask = maskOf(config.doubleBlocks + i);
    singleBlock(shared, `single_blocks.${i}`, joined, mask);
  }
  const patches = replace(joined, (states) => head(shared, states.slice(0, 0, video)));
  return joinPatches(patches, patch, input.latent.shape, "first");
}

function checkInput(config: HunyuanConfig, { latent: x, context }: DiffusionInput): void {
  if (x.rank !== 4 || x.shape[0] !== config.channels || x.numel === 0) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a latent [${config.channels}, frames, height, width], got [${x.shape.join(", ")}].`,
    );
  }
  if (context.rank !== 2 || context.shape[1] !== config.textDim || context.shape[0] === 0) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a text embedding [tokens, ${config.textDim}], got [${context.shape.join(", ")}]. ` +
        "The text encoder does not belong to this model; HunyuanVideo takes LLaVA-LLaMA-3 and CLIP-L (DualCLIPLoader).",
    );
  }
}

/** Two layers with SiLU between them. */
function twoLayers(weights: Weights, first: string, second: string, x: Tensor): Tensor {
  return denseLayer(weights, second, denseLayer(weights, first, x, "silu"));
}

/** `name`.mlp of the embedding of one number. */
function embedNumber({ timeDim }: HunyuanConfig, weights: Weights, name: string, value: number) {
  const sinusoid = weights.device.tensor(timeEmbedding(value, timeDim), [1, timeDim]);
  return twoLayers(weights, `${name}.mlp.0`, `${name}.mlp.2`, sinusoid);
}

/** Timestep, pooled text and guidance as one vector, [1, dim]. */
function conditionOf(config: HunyuanConfig, weights: Weights, input: DiffusionInput): Tensor {
  const { pooled, guidance } = input.extra ?? {};
  const isPooled = typeof pooled === "object" && pooled.numel === config.pooledDim;
  if (pooled !== undefined && !isPooled) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a pooled text embedding of ${config.pooledDim} numbers, got ` +
        `${typeof pooled === "number" ? "one" : pooled.numel}. Use CLIP-L as the second text encoder.`,
    );
  }
  const row = isPooled
    ? pooled.reshape([1, config.pooledDim])
    : weights.device.zeros([1, config.pooledDim]);
  const vector = add(
    embedNumber(config, weights, "time_in", input.timestep),
    twoLayers(weights, "vector_in.in_layer", "vector_in.out_layer", row),
  );
  if (!config.guided) return vector;
  const scale = typeof guidance === "number" ? guidance : DEFAULT_GUIDANCE;
  return add(vector, embedNumber(config, weights, "guidance_in", scale * GUIDANCE_FACTOR));
}

/** The prompt's rows as the blocks take them, [tokens, dim]. */
function refine(config: HunyuanConfig, weights: Weights, { context, timestep }: DiffusionInput) {
  const mean = meanRow(context);
  const condition = silu(
    add(
      embedNumber(config, weights, "txt_in.t_embedder", timestep),
      twoLayers(weights, "txt_in.c_embedder.linear_1", "txt_in.c_embedder.linear_2", mean),
    ),
  );
  let x = denseLayer(weights, "txt_in.input_embedder", context);
  for (let i = 0; i < config.refinerBlocks; i++) {
    x = replace(x, (states) => refinerBlock(config, weights, i, states, condition));
  }
  return x;
}

function refinerBlock(
  config: HunyuanConfig,
  weights: Weights,
  index: number,
  x: Tensor,
  condition: Tensor,
): Tensor {
  const name = `txt_in.individual_token_refiner.blocks.${index}`;
  const gate = modulation(weights, `${name}.adaLN_modulation.1`, condition);
  const norm = (part: string, states: Tensor) =>
    layerNorm(states, {
      weight: weights.get(`${name}.${part}.weight`),
      bias: weights.get(`${name}.${part}.bias`),
      eps: EPS,
    });
  const qkvOf = joint(weights, `${name}.self_attn_qkv`, norm("norm1", x));
  const part = (index: number) =>
    qkvOf(index * config.dim, (index + 1) * config.dim).reshape([
      -1,
      headCount(config),
      config.headDim,
    ]);
  const y = attention(part(0), part(1), part(2)).reshape(x.shape);
  const attended = gatedDenseLayer(weights, `${name}.self_attn_proj`, y, x, gate(0));
  const hidden = denseLayer(weights, `${name}.mlp.fc1`, norm("norm2", attended), "silu");
  return gatedDenseLayer(weights, `${name}.mlp.fc2`, hidden, attended, gate(1));
}

function headCount({ dim, headDim }: HunyuanConfig): number {
  return dim / headDim;
}

/** Parts of a modulation, each [dim]. */
function modulation(weights: Weights, name: string, condition: Tensor): (part: number) => Tensor {
  const all = denseLayer(weights, name, condition).reshape([-1]);
  const dim = condition.shape[1] ?? 0;
  return (part) => all.slice(0, part * dim, (part + 1) * dim);
}

/** Outputs of a layer that stands for several. */
function joint(weights: Weights, name: string, x: Tensor) {
  return (from: number, to: number, activation: Activation = "none", target?: Target): Tensor =>
    denseRows(weights, name, x, [from, to], activation, target);
}

/** Writes what a layer gives into `target`, queries and keys normed and, where there are angles, turned. */
function project(
  { config, weights }: Shared,
  layer: ReturnType<typeof joint>,
  norms: { readonly q: string; readonly k: string },
  rope: Tensor | null,
  { q, k, v }: Projected,
): void {
  const { dim, headDim } = config;
  const heads = headCount(config);
  const normed = (index: number, norm: string, target: Tensor) => {
    const weight = weights.get(`${norm}.weight`);
    const y = layer(index * dim, (index + 1) * dim, "none", target);
    if (rope !== null) return rmsNormRope(y, weight, rope, EPS, heads, y);
    const split = y.reshape([-1, heads, headDim]);
    return rmsNorm(split, weight, EPS, split);
  };
  normed(0, norms.q, q);
  normed(1, norms.k, k);
  layer(2 * dim, 3 * dim, "none", v);
}

/** Writes what follows `x` and `txt` over them. */
function doubleBlock(
  shared: Shared,
  name: string,
  x: Tensor,
  txt: Tensor,
  mask: DeviceBlockMask | null,
): void {
  const { config, weights, condition, video } = shared;
  const rows = video + (txt.shape[0] ?? 0);
  const streams = [
    { part: `${name}.img`, states: x, rope: shared.videoRope, begin: 0 },
    { part: `${name}.txt`, states: txt, rope: null, begin: video },
  ] as const;
  const attended = scope(() => {
    const all = unprojected(weights.device, [rows, config.dim]);
    for (const { part, states, rope, begin } of streams) {
      scope(() => {
        const mod = modulation(weights, `${part}_mod.linear`, condition);
        const norms = { q: `${part}_attn_q_norm`, k: `${part}_attn_k_norm` };
        for (const [from, to] of rowChunks(states.shape[0] ?? 0)) {
          scope(() => {
            const normed = layerNormModulate(states.slice(0, from, to), mod(0), mod(1), EPS);
            const layer = joint(weights, `${part}_attn_qkv`, normed);
            const turns = rope === null ? null : rope.slice(0, from, to);
            project(shared, layer, norms, turns, rowsOf(all, begin + from, begin + to));
          });
        }
      });
    }
    return attend(all, headCount(config), mask);
  });
  for (const { part, states, begin } of streams) {
    scope(() => {
      const own = attended.slice(0, begin, begin + (states.shape[0] ?? 0));
      doubleBlockEnd(shared, part, states, own);
    });
  }
  attended[Symbol.dispose]();
}

/** What follows the attention in one stream of a double block, written over `x`. */
function doubleBlockEnd({ weights, condition }: Shared, part: string, x: Tensor, attended: Tensor) {
  const mod = modulation(weights, `${part}_mod.linear`, condition);
  gatedDenseLayer(weights, `${part}_attn_proj`, attended, x, mod(2), x);
  for (const range of rowChunks(x.shape[0] ?? 0)) {
    scope(() => {
      const states = x.slice(0, ...range);
      const normed = layerNormModulate(states, mod(3), mod(4), EPS);
      const hidden = replace(normed, (y) => denseLayer(weights, `${part}_mlp.fc1`, y, "gelu_tanh"));
      gatedDenseLayer(weights, `${part}_mlp.fc2`, hidden, states, mod(5), states);
    });
  }
}

/** Writes what follows `x` over it. */
function singleBlock(shared: Shared, name: string, x: Tensor, mask: DeviceBlockMask | null): void {
  const { config, weights, condition } = shared;
  scope(() => {
    const mod = modulation(weights, `${name}.modulation.linear`, condition);
    const normed = layerNormModulate(x, mod(0), mod(1), EPS);
    const attended = scope(() => {
      const layer = joint(weights, `${name}.linear1`, normed);
      const norms = { q: `${name}.q_norm`, k: `${name}.k_norm` };
      const all = unprojected(weights.device, x.shape);
      project(shared, layer, norms, shared.rope, all);
      return attend(all, headCount(config), mask);
    });
    for (const range of rowChunks(x.shape[0] ?? 0)) {
      scope(() => {
        const rows = (all: Tensor) => all.slice(0, ...range);
        const layer = joint(weights, `${name}.linear1`, rows(normed));
        const hidden = layer(3 * config.dim, 3 * config.dim + config.mlpDim, "gelu_tanh");
        const parts = replace(hidden, (y) => cat([rows(attended), y], 1));
        gatedDenseLayer(weights, `${name}.linear2`, parts, rows(x), mod(2), rows(x));
      });
    }
  });
}

function head({ weights, condition }: Shared, x: Tensor): Tensor {
  const mod = modulation(weights, "final_layer.adaLN_modulation.1", condition);
  const normed = layerNormModulate(x, mod(0), mod(1), EPS);
  return denseLayer(weights, "final_layer.linear", normed, "none", "f32");
}

/** Layers of the blocks, but for those that give their modulation. */
const QUANTIZED =
  /^(?:double_blocks\.\d+\.(?:img|txt)_(?:attn_qkv|attn_proj|mlp\.fc[12])|single_blocks\.\d+\.linear[12])\.weight$/;

const hunyuanVideo: DiffusionFamily<HunyuanConfig> = {
  family: "hunyuan-video",
  title: "HunyuanVideo text to video",
  kind: "diffusion",
  namings: hunyuanNamings,
  detect: (header) => {
    const config = read(header);
    return typeof config === "string" ? null : config;
  },
  unsupported: (header) => {
    const reason = read(header);
    return typeof reason === "string" ? reason : null;
  },
  published: [
    {
      title: "HunyuanVideo 13B",
      fileName: /hunyuan|hyvid/i,
      config: {
        dim: 3072,
        headDim: 128,
        mlpDim: 12_288,
        doubleBlocks: 20,
        singleBlocks: 40,
        refinerBlocks: 2,
        refinerMlpDim: 12_288,
        channels: 16,
        textDim: 4096,
        pooledDim: 768,
        timeDim: 256,
        patch: [1, 2, 2],
        guided: true,
      },
    },
  ],
  tensors,
  create,
  latent,
  defaultShift: 7,
  timestepFactor: 1000,
  tokenGrid: (config, shape) => patchGrid(config.patch, shape),
  textWidth: (config) => config.textDim,
  layers: (config) => config.doubleBlocks + config.singleBlocks,
  quantizes: (name) => QUANTIZED.test(name),
  maskKind: "hunyuan",
};

export default hunyuanVideo;
