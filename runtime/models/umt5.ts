/**
 * The UMT5 and T5 v1.1 text encoders (UniMax, arXiv 2304.09151; T5, arXiv 1910.10683; checked against the T5 of the
 * Wan2.1 repository and of transformers): pre-norm blocks whose attention adds a learned bias for the distance of two
 * tokens and does not scale its logits. UMT5 has a bias of its own in every block, T5 one for all in the first.
 */
import { UmbelError } from "#runtime/errors";
import { denseLayer } from "#runtime/nn/dense-layer";
import { replace } from "#runtime/nn/replace";
import type {
  CheckpointHeader,
  Naming,
  TensorSpec,
  TextEncoder,
  TextEncoderFamily,
  Weights,
} from "#runtime/sdk/model";
import { activationType } from "#runtime/tensor/activation-type";
import { add, attention, cast, cat, embedding, mul, rmsNorm, sub } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";

interface Umt5Config {
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  readonly headDim: number;
  readonly hidden: number;
  readonly layers: number;
  readonly buckets: number;
  /** Distance from which on all distances share one bucket. */
  readonly maxDistance: number;
  /** The first block's bias is that of all (T5). */
  readonly sharedBias: boolean;
}

const EPS = 1e-6;

// Names

/** [canonical, Wan2.1 repository] inside of a block; a final `.weight` stays. */
const BLOCK_NAMES: readonly (readonly [string, string])[] = [
  ["layer.0.layer_norm", "norm1"],
  ["layer.0.SelfAttention.q", "attn.q"],
  ["layer.0.SelfAttention.k", "attn.k"],
  ["layer.0.SelfAttention.v", "attn.v"],
  ["layer.0.SelfAttention.o", "attn.o"],
  ["layer.0.SelfAttention.relative_attention_bias", "pos_embedding.embedding"],
  ["layer.1.layer_norm", "norm2"],
  ["layer.1.DenseReluDense.wi_0", "ffn.gate.0"],
  ["layer.1.DenseReluDense.wi_1", "ffn.fc1"],
  ["layer.1.DenseReluDense.wo", "ffn.fc2"],
];
const toCanonical = new Map(BLOCK_NAMES.map(([to, from]) => [from, to]));

const transformers: Naming = {
  id: "transformers",
  canonical(name) {
    if (name === "encoder.embed_tokens.weight") return "shared.weight";
    const known =
      /^(shared\.weight|encoder\.final_layer_norm\.weight|encoder\.block\.\d+\.layer\..+)$/;
    return known.test(name) ? name : null;
  },
};

const original: Naming = {
  id: "original",
  canonical(name) {
    if (name === "token_embedding.weight") return "shared.weight";
    if (name === "norm.weight") return "encoder.final_layer_norm.weight";
    const parts = /^blocks\.(\d+)\.(.+)\.weight$/.exec(name);
    const part = toCanonical.get(parts?.[2] ?? "");
    return parts === null || part === undefined ? null : `encoder.block.${parts[1]}.${part}.weight`;
  },
};

/** [canonical, llama.cpp] inside of a block. */
const GGUF_NAMES: readonly (readonly [string, string])[] = [
  ["layer.0.layer_norm", "attn_norm"],
  ["layer.0.SelfAttention.q", "attn_q"],
  ["layer.0.SelfAttention.k", "attn_k"],
  ["layer.0.SelfAttention.v", "attn_v"],
  ["layer.0.SelfAttention.o", "attn_o"],
  ["layer.0.SelfAttention.relative_attention_bias", "attn_rel_b"],
  ["layer.1.layer_norm", "ffn_norm"],
  ["layer.1.DenseReluDense.wi_0", "ffn_gate"],
  ["layer.1.DenseReluDense.wi_1", "ffn_up"],
  ["layer.1.DenseReluDense.wo", "ffn_down"],
];
const fromGguf = new Map(GGUF_NAMES.map(([to, from]) => [from, to]));

const llamaCpp: Naming = {
  id: "gguf",
  canonical(name) {
    if (name === "token_embd.weight") return "shared.weight";
    if (name === "enc.output_norm.weight") return "encoder.final_layer_norm.weight";
    const parts = /^enc\.blk\.(\d+)\.(\w+)\.weight$/.exec(name);
    const part = fromGguf.get(parts?.[2] ?? "");
    return parts === null || part === undefined ? null : `encoder.block.${parts[1]}.${part}.weight`;
  },
};

// Configuration

const biasName = (block: number) =>
  `encoder.block.${block}.layer.0.SelfAttention.relative_attention_bias.weight`;

/** Null also for the first T5, whose feed-forward layers have no gate. */
function detect(header: CheckpointHeader): Umt5Config | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const [vocabulary, width] = shape("shared.weight");
  const [buckets, heads] = shape(biasName(0));
  const [inner] = shape("encoder.block.0.layer.0.SelfAttention.q.weight");
  const [hidden] = shape("encoder.block.0.layer.1.DenseReluDense.wi_0.weight");
  if (vocabulary === undefined || width === undefined || buckets === undefined) return null;
  if (heads === undefined || inner === undefined || hidden === undefined) return null;
  if (!(vocabulary > 0 && width > 0 && hidden > 0 && inner > 0)) return null;
  if (heads === 0 || inner % heads !== 0 || buckets < 4) return null;
  const layers = blockCount(header.tensors.keys(), "encoder.block.");
  return {
    vocabulary,
    width,
    heads,
    headDim: inner / heads,
    hidden,
    layers,
    buckets,
    maxDistance: maxDistance(header, buckets),
    // Of a UMT5 that lost some of its biases, the others are there.
    sharedBias: !Array.from({ length: layers - 1 }, (_, i) => biasName(i + 1)).some((name) =>
      header.tensors.has(name),
    ),
  };
}

/** Beyond the exact distances, a quarter of the buckets. */
function maxDistance(header: CheckpointHeader, buckets: number): number {
  try {
    const config: unknown = JSON.parse(header.metadata["config"] ?? "{}");
    const value = Object(config)["relative_attention_max_distance"] as unknown;
    return typeof value === "number" && value > buckets / 4 ? value : 128;
  } catch {
    return 128;
  }
}

function tensors(config: Umt5Config): TensorSpec[] {
  const { width, heads, hidden } = config;
  const inner = heads * config.headDim;
  const result: TensorSpec[] = [{ name: "shared.weight", shape: [config.vocabulary, width] }];
  for (let i = 0; i < config.layers; i++) {
    const attn = `encoder.block.${i}.layer.0`;
    const ffn = `encoder.block.${i}.layer.1`;
    result.push(
      { name: `${attn}.layer_norm.weight`, shape: [width] },
      { name: `${attn}.SelfAttention.q.weight`, shape: [inner, width] },
      { name: `${attn}.SelfAttention.k.weight`, shape: [inner, width] },
      { name: `${attn}.SelfAttention.v.weight`, shape: [inner, width] },
      { name: `${attn}.SelfAttention.o.weight`, shape: [width, inner] },
      ...(i > 0 && config.sharedBias
        ? []
        : [{ name: biasName(i), shape: [config.buckets, heads] }]),
      { name: `${ffn}.layer_norm.weight`, shape: [width] },
      { name: `${ffn}.DenseReluDense.wi_0.weight`, shape: [hidden, width] },
      { name: `${ffn}.DenseReluDense.wi_1.weight`, shape: [hidden, width] },
      { name: `${ffn}.DenseReluDense.wo.weight`, shape: [width, hidden] },
    );
  }
  result.push({ name: "encoder.final_layer_norm.weight", shape: [width] });
  return result;
}

// The model

function create(config: Umt5Config, weights: Weights): TextEncoder {
  return { forward: (ids) => scope(() => forward(config, weights, ids)) };
}

function forward(config: Umt5Config, weights: Weights, ids: Int32Array): Tensor {
  const { device } = weights;
  const n = ids.length;
  const wrong = ids.find((id) => id < 0 || id >= config.vocabulary);
  if (n === 0 || wrong !== undefined) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected token ids from 0 to ${config.vocabulary - 1}, got ${wrong ?? "none"}. ` +
        "The tokenizer does not belong to this encoder.",
    );
  }
  const buckets = device.tensor(distanceBuckets(config, n), [2 * n - 1]);
  const biasOf = (block: number) => positionBias(weights.get(biasName(block)), buckets);
  const sharedBias = config.sharedBias ? biasOf(0) : null;
  let x = embedding(weights.get("shared.weight"), device.tensor(ids, [n]));
  for (let i = 0; i < config.layers; i++) {
    const attn = `encoder.block.${i}.layer.0`;
    const ffn = `encoder.block.${i}.layer.1`;
    x = replace(x, (states) => {
      const normed = rmsNorm(states, weights.get(`${attn}.layer_norm.weight`), EPS, "f32");
      const bias = sharedBias ?? biasOf(i);
      return add(states, selfAttention(config, weights, `${attn}.SelfAttention`, normed, bias));
    });
    x = replace(x, (states) => {
      const normed = rmsNorm(states, weights.get(`${ffn}.layer_norm.weight`), EPS);
      return add(states, feedForward(weights, `${ffn}.DenseReluDense`, normed));
    });
  }
  return rmsNorm(x, weights.get("encoder.final_layer_norm.weight"), EPS);
}

/**
 * [heads, n, n] from a table [buckets, heads] and the buckets of all distances [2 n - 1]: a row is the one before it, moved
 * on by one key, so that all of a head's lie in one of 2 n - 1.
 */
function positionBias(table: Tensor, buckets: Tensor): Tensor {
  const ofDistance = embedding(table, buckets).permute([1, 0]).contiguous();
  return ofDistance.windows((buckets.numel + 1) / 2).flip(1);
}

// What is added to the states, and both factors of gate and values, stay float32: a prompt is short, and all layers add up.

function selfAttention(
  config: Umt5Config,
  weights: Weights,
  name: string,
  x: Tensor,
  bias: Tensor,
): Tensor {
  const n = x.shape[0] ?? 0;
  const parts = withRest(x);
  const heads = (part: string) =>
    preciseLayer(weights, `${name}.${part}`, parts).reshape([n, config.heads, config.headDim]);
  const y = attention(heads("q"), heads("k"), heads("v"), { bias, scale: 1 });
  return denseLayer(weights, `${name}.o`, y.reshape([n, -1]), "none", "f32");
}

interface Parts {
  /** What is multiplied, one part below the other. */
  readonly rows: Tensor;
  readonly count: 1 | 2;
}

/**
 * float32 x as layers multiply it: where products are of bfloat16, what x loses there stands below it. Logits are not
 * scaled, so that they would make errors of x larger than those of all other parts together.
 */
function withRest(x: Tensor): Parts {
  if (x.device.activations === "f32") return { rows: x, count: 1 };
  const rounded = cast(x, "bf16");
  return { rows: cat([rounded, sub(x, rounded, "bf16")], 0), count: 2 };
}

/** x W^T of all parts together, rounded once. */
function preciseLayer(weights: Weights, name: string, { rows, count }: Parts): Tensor {
  const product = denseLayer(weights, name, rows, "none", "f32");
  if (count === 1) return product;
  const n = (rows.shape[0] ?? 0) / count;
  return add(product.slice(0, 0, n), product.slice(0, n), "bf16");
}

function feedForward(weights: Weights, name: string, x: Tensor): Tensor {
  const gate = denseLayer(weights, `${name}.wi_0`, x, "gelu_tanh", "f32");
  const up = denseLayer(weights, `${name}.wi_1`, x, "none", "f32");
  return denseLayer(weights, `${name}.wo`, mul(gate, up, activationType(x)), "none", "f32");
}

/**
 * [2 n - 1]: the buckets of keys from n - 1 before the query to n - 1 behind it. Half of the buckets are for keys behind
 * the query; of each half one half is for single distances, the other grows with the logarithm. Single precision, as the
 * buckets were trained.
 */
export function distanceBuckets(
  { buckets, maxDistance: far }: Pick<Umt5Config, "buckets" | "maxDistance">,
  n: number,
): Int32Array {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const bucket = (distance: number) => {
    if (distance < exact) return distance;
    const logarithm = Math.fround(Math.log(Math.fround(distance / exact)));
    const share = Math.fround(logarithm / Math.fround(Math.log(far / exact)));
    return Math.min(half - 1, exact + Math.trunc(Math.fround(share * (half - exact))));
  };
  return Int32Array.from({ length: 2 * n - 1 }, (_, at) => {
    const offset = at - (n - 1);
    return (offset > 0 ? half : 0) + bucket(Math.abs(offset));
  });
}

const umt5: TextEncoderFamily<Umt5Config> = {
  family: "umt5",
  title: "T5 text encoder (UMT5, T5 v1.1)",
  kind: "text-encoder",
  namings: [transformers, original, llamaCpp],
  detect,
  published: [
    {
      title: "UMT5-XXL",
      fileName: /umt5/i,
      config: {
        vocabulary: 256_384,
        width: 4096,
        heads: 64,
        headDim: 64,
        hidden: 10_240,
        layers: 24,
        buckets: 32,
        maxDistance: 128,
        sharedBias: false,
      },
    },
    {
      title: "T5-XXL v1.1",
      fileName: /t5/i,
      config: {
        vocabulary: 32_128,
        width: 4096,
        heads: 64,
        headDim: 64,
        hidden: 10_240,
        layers: 24,
        buckets: 32,
        maxDistance: 128,
        sharedBias: true,
      },
    },
  ],
  tensors,
  create,
};

export default umt5;
