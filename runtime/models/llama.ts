/**
 * The LLaMA 3 language model as a text encoder (The Llama 3 Herd of Models, arXiv 2407.21783; checked against
 * transformers' LlamaModel): pre-norm blocks with grouped queries and rotary positions, each token seeing those before
 * it. HunyuanVideo reads the states before the last two blocks.
 */
import { causalBias } from "#runtime/nn/causal-bias";
import { denseLayer } from "#runtime/nn/dense-layer";
import { replace } from "#runtime/nn/replace";
import { checkTokenIds } from "#runtime/nn/token-ids";
import type {
  CheckpointHeader,
  Naming,
  TensorSpec,
  TextEncoder,
  TextEncoderFamily,
  TextEncoderOptions,
  Weights,
} from "#runtime/sdk/model";
import { add, attention, cat, embedding, mul, rmsNorm, sub } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";
import { tableNaming } from "#runtime/weights/name-table";
import { statedConfig } from "#runtime/weights/stated-config";

interface LlamaConfig {
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  /** Heads of keys and values, each shared by as many heads of queries. */
  readonly keyHeads: number;
  readonly headDim: number;
  readonly hidden: number;
  readonly layers: number;
  readonly theta: number;
  readonly eps: number;
  /** Which numbers of a head turn together: one of each half, or neighbours, as llama.cpp orders rows of queries and keys. */
  readonly pairs: "halves" | "neighbours";
}

/** Head width of every published checkpoint; others say their head count in the file's metadata. */
const HEAD_DIM = 128;

const transformers: Naming = {
  id: "transformers",
  canonical: (name) =>
    /^(embed_tokens\.weight|norm\.weight|layers\.\d+\..+\.(weight|bias))$/.test(name) ? name : null,
};

const llamaCpp: Naming = tableNaming("gguf", 1, [
  {
    prefixes: ["layers.#.", "blk.#."],
    rows: [
      ["input_layernorm", "attn_norm"],
      ["self_attn.q_proj", "attn_q"],
      ["self_attn.k_proj", "attn_k"],
      ["self_attn.v_proj", "attn_v"],
      ["self_attn.o_proj", "attn_output"],
      ["self_attn.q_norm", "attn_q_norm"],
      ["post_attention_layernorm", "ffn_norm"],
      ["mlp.gate_proj", "ffn_gate"],
      ["mlp.up_proj", "ffn_up"],
      ["mlp.down_proj", "ffn_down"],
    ],
  },
  {
    prefixes: ["", ""],
    rows: [
      ["embed_tokens", "token_embd"],
      ["norm", "output_norm"],
    ],
  },
]);

/** Keys of llama.cpp's files by those of a configuration. */
const GGUF_KEYS = {
  num_attention_heads: "llama.attention.head_count",
  rope_theta: "llama.rope.freq_base",
  rms_norm_eps: "llama.attention.layer_norm_rms_epsilon",
};

/** Null also for kin with biases or with norms of queries and keys. */
function detect(header: CheckpointHeader): LlamaConfig | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const [vocabulary = 0, width = 0] = shape("embed_tokens.weight");
  const [queries = 0] = shape("layers.0.self_attn.q_proj.weight");
  const [keys = 0] = shape("layers.0.self_attn.k_proj.weight");
  const [hidden = 0] = shape("layers.0.mlp.gate_proj.weight");
  const architecture = header.metadata["general.architecture"];
  const stated = statedConfig(header, GGUF_KEYS);
  const heads = stated.count("num_attention_heads") ?? queries / HEAD_DIM;
  const headDim = queries / heads;
  const keyHeads = keys / headDim;
  const sizes = [vocabulary, width, hidden, heads, headDim, keyHeads];
  if (sizes.some((size) => !Number.isInteger(size) || size < 1)) return null;
  if (headDim % 2 !== 0 || heads % keyHeads !== 0) return null;
  if (architecture !== undefined && architecture !== "llama") return null;
  const foreign = ["self_attn.q_norm.weight", "self_attn.q_proj.bias"];
  if (foreign.some((name) => header.tensors.has(`layers.0.${name}`))) return null;
  return {
    vocabulary,
    width,
    heads,
    keyHeads,
    headDim,
    hidden,
    layers: blockCount(header.tensors.keys(), "layers."),
    theta: stated.number("rope_theta") ?? 500_000,
    eps: stated.number("rms_norm_eps") ?? 1e-5,
    pairs: architecture === undefined ? "halves" : "neighbours",
  };
}

function tensors(config: LlamaConfig): TensorSpec[] {
  const { width, hidden } = config;
  const [queries, keys] = [config.heads * config.headDim, config.keyHeads * config.headDim];
  const result: TensorSpec[] = [
    { name: "embed_tokens.weight", shape: [config.vocabulary, width] },
    { name: "norm.weight", shape: [width] },
  ];
  const matrix = (name: string, out: number, input: number) =>
    result.push({ name: `${name}.weight`, shape: [out, input] });
  for (let i = 0; i < config.layers; i++) {
    const layer = `layers.${i}`;
    matrix(`${layer}.self_attn.q_proj`, queries, width);
    matrix(`${layer}.self_attn.k_proj`, keys, width);
    matrix(`${layer}.self_attn.v_proj`, keys, width);
    matrix(`${layer}.self_attn.o_proj`, width, queries);
    matrix(`${layer}.mlp.gate_proj`, hidden, width);
    matrix(`${layer}.mlp.up_proj`, hidden, width);
    matrix(`${layer}.mlp.down_proj`, width, hidden);
    for (const norm of ["input_layernorm", "post_attention_layernorm"]) {
      result.push({ name: `${layer}.${norm}.weight`, shape: [width] });
    }
  }
  return result;
}

// The model. What is added to the states, and the product of gate and values, stay float32, as in the other encoders.

/** What every block shares in one forward pass. */
interface Shared {
  readonly config: LlamaConfig;
  readonly weights: Weights;
  /** [tokens, 1, head dim / 2] */
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly bias: Tensor;
}

function create(config: LlamaConfig, weights: Weights): TextEncoder {
  return {
    forward: (ids, options = {}) => scope(() => forward(config, weights, ids, options)),
  };
}

function forward(
  config: LlamaConfig,
  weights: Weights,
  ids: Int32Array,
  { skipLayers = 0, seen }: TextEncoderOptions,
): Tensor {
  checkTokenIds(ids, config.vocabulary);
  const { device } = weights;
  const n = ids.length;
  const half = config.headDim / 2;
  const turned = (of: (angle: number) => number) => {
    const values = Float32Array.from({ length: n * half }, (_, at) =>
      of(Math.floor(at / half) / Math.pow(config.theta, (at % half) / half)),
    );
    return device.tensor(values, [n, 1, half]);
  };
  const shared: Shared = {
    config,
    weights,
    cos: turned(Math.cos),
    sin: turned(Math.sin),
    bias: causalBias(device, n, seen),
  };
  let x = embedding(weights.get("embed_tokens.weight"), device.tensor(ids, [n]));
  for (let i = 0; i < config.layers - skipLayers; i++) {
    const layer = `layers.${i}`;
    const norm = (name: string, states: Tensor) =>
      rmsNorm(states, weights.get(`${layer}.${name}.weight`), config.eps);
    x = replace(x, (states) =>
      add(states, selfAttention(shared, `${layer}.self_attn`, norm("input_layernorm", states))),
    );
    x = replace(x, (states) => {
      const normed = norm("post_attention_layernorm", states);
      return add(states, feedForward(weights, `${layer}.mlp`, normed));
    });
  }
  return skipLayers > 0 ? x : rmsNorm(x, weights.get("norm.weight"), config.eps);
}

function selfAttention(shared: Shared, name: string, x: Tensor): Tensor {
  const { config, weights, bias } = shared;
  const project = (part: string) =>
    denseLayer(weights, `${name}.${part}_proj`, x).reshape([x.shape[0] ?? 0, -1, config.headDim]);
  const q = rotate(shared, project("q"));
  const k = shareHeads(config, rotate(shared, project("k")));
  const v = shareHeads(config, project("v"));
  const y = attention(q, k, v, { bias }).reshape([x.shape[0] ?? 0, -1]);
  return denseLayer(weights, `${name}.o_proj`, y, "none", "f32");
}

/** Turns pairs of numbers of each head; the first of each come out before the second ones, as queries and keys both do. */
function rotate({ config, cos, sin }: Shared, x: Tensor): Tensor {
  return scope(() => {
    const half = config.headDim / 2;
    const [n = 0, heads = 0] = x.shape;
    const member = (index: number): Tensor => {
      const from = index * half;
      if (config.pairs === "halves") return x.slice(2, from, from + half).contiguous();
      const pairs = x.reshape([n, heads, half, 2]).slice(3, index, index + 1);
      return pairs.contiguous().reshape([n, heads, half]);
    };
    const [a, b] = [member(0), member(1)];
    return cat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))], 2);
  });
}

/** [n, key heads, D] -> [n, heads, D], each as often as queries share it. */
function shareHeads({ heads, keyHeads, headDim }: LlamaConfig, x: Tensor): Tensor {
  const [n = 0] = x.shape;
  if (heads === keyHeads) return x;
  const single = x.reshape([n, keyHeads, 1, headDim]);
  const copies = Array.from({ length: heads / keyHeads }, () => single);
  return cat(copies, 2).reshape([n, heads, headDim]);
}

function feedForward(weights: Weights, name: string, x: Tensor): Tensor {
  const gate = denseLayer(weights, `${name}.gate_proj`, x, "silu", "f32");
  const up = denseLayer(weights, `${name}.up_proj`, x, "none", "f32");
  return denseLayer(weights, `${name}.down_proj`, mul(gate, up), "none", "f32");
}

const llama: TextEncoderFamily<LlamaConfig> = {
  family: "llama",
  title: "LLaMA 3 text encoder",
  kind: "text-encoder",
  namings: [transformers, llamaCpp],
  detect,
  published: [
    {
      title: "LLaVA-LLaMA-3 8B",
      fileName: /llama/i,
      config: {
        vocabulary: 128_320,
        width: 4096,
        heads: 32,
        keyHeads: 8,
        headDim: 128,
        hidden: 14_336,
        layers: 32,
        theta: 500_000,
        eps: 1e-5,
        pairs: "halves",
      },
    },
  ],
  tensors,
  create,
  tokenizer: "llama",
};

export default llama;
