/**
 * The text tower of CLIP ViT-L/14 (Learning Transferable Visual Models From Natural Language Supervision, arXiv
 * 2103.00020; checked against transformers' CLIPTextModel): learned positions, pre-norm blocks in which each token sees
 * those before it. The row of the end token stands for the whole text.
 */
import { UmbelError } from "#runtime/errors";
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
  Weights,
} from "#runtime/sdk/model";
import { add, affine, attention, embedding, layerNorm, silu } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";
import { statedConfig } from "#runtime/weights/stated-config";

interface ClipTextConfig {
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
  readonly layers: number;
  /** Tokens at most. */
  readonly positions: number;
}

const EPS = 1e-5;
/** Head width of every published checkpoint; others say their head count in the file's metadata. */
const HEAD_DIM = 64;
const ROOT = "text_model";

const KNOWN =
  /^(embeddings\.(token|position)_embedding\.weight|encoder\.layers\.\d+\..+|final_layer_norm\.(weight|bias))$/;

const transformers: Naming = {
  id: "transformers",
  canonical: (name) =>
    name.startsWith(`${ROOT}.`) && KNOWN.test(name.slice(ROOT.length + 1)) ? name : null,
};
/** As transformers 5 writes them. */
const withoutRoot: Naming = {
  id: "transformers-5",
  canonical: (name) => (KNOWN.test(name) ? `${ROOT}.${name}` : null),
};

function detect(header: CheckpointHeader): ClipTextConfig | null {
  const shape = (name: string) => header.tensors.get(`${ROOT}.${name}`)?.shape ?? [];
  const [vocabulary = 0, width = 0] = shape("embeddings.token_embedding.weight");
  const [positions = 0] = shape("embeddings.position_embedding.weight");
  const [hidden = 0] = shape("encoder.layers.0.mlp.fc1.weight");
  const heads = statedConfig(header).count("num_attention_heads") ?? width / HEAD_DIM;
  const sizes = [vocabulary, width, positions, hidden, heads, width / heads];
  if (sizes.some((size) => !Number.isInteger(size) || size < 1)) return null;
  const layers = blockCount(header.tensors.keys(), `${ROOT}.encoder.layers.`);
  return { vocabulary, width, heads, hidden, layers, positions };
}

function tensors(config: ClipTextConfig): TensorSpec[] {
  const { width, hidden } = config;
  const embeddings = `${ROOT}.embeddings`;
  const result: TensorSpec[] = [
    { name: `${embeddings}.token_embedding.weight`, shape: [config.vocabulary, width] },
    { name: `${embeddings}.position_embedding.weight`, shape: [config.positions, width] },
  ];
  const layer = (name: string, out: number, ...input: number[]) => {
    result.push({ name: `${name}.weight`, shape: [out, ...input] });
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  for (let i = 0; i < config.layers; i++) {
    const block = `${ROOT}.encoder.layers.${i}`;
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"]) {
      layer(`${block}.self_attn.${part}`, width, width);
    }
    layer(`${block}.mlp.fc1`, hidden, width);
    layer(`${block}.mlp.fc2`, width, hidden);
    layer(`${block}.layer_norm1`, width);
    layer(`${block}.layer_norm2`, width);
  }
  layer(`${ROOT}.final_layer_norm`, width);
  return result;
}

function create(config: ClipTextConfig, weights: Weights): TextEncoder {
  return { forward: (ids) => scope(() => forward(config, weights, ids)) };
}

function forward(config: ClipTextConfig, weights: Weights, ids: Int32Array): Tensor {
  checkTokenIds(ids, config.vocabulary);
  const n = ids.length;
  if (n > config.positions) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected at most ${config.positions} tokens for CLIP, got ${n}.`,
    );
  }
  const { device } = weights;
  const bias = causalBias(device, n);
  const positions = weights.get(`${ROOT}.embeddings.position_embedding.weight`);
  let x = scope(() => {
    const table = weights.get(`${ROOT}.embeddings.token_embedding.weight`);
    return add(embedding(table, device.tensor(ids, [n])), positions.slice(0, 0, n));
  });
  for (let i = 0; i < config.layers; i++) {
    const block = `${ROOT}.encoder.layers.${i}`;
    x = replace(x, (states) => {
      const normed = norm(weights, `${block}.layer_norm1`, states);
      return add(states, selfAttention(config, weights, `${block}.self_attn`, normed, bias));
    });
    x = replace(x, (states) => {
      const normed = norm(weights, `${block}.layer_norm2`, states);
      const hidden = quickGelu(denseLayer(weights, `${block}.mlp.fc1`, normed, "none", "f32"));
      return add(states, denseLayer(weights, `${block}.mlp.fc2`, hidden, "none", "f32"));
    });
  }
  return norm(weights, `${ROOT}.final_layer_norm`, x);
}

function norm(weights: Weights, name: string, x: Tensor): Tensor {
  const [weight, bias] = [weights.get(`${name}.weight`), weights.get(`${name}.bias`)];
  return layerNorm(x, { weight, bias, eps: EPS });
}

function selfAttention(
  config: ClipTextConfig,
  weights: Weights,
  name: string,
  x: Tensor,
  bias: Tensor,
): Tensor {
  const heads = (part: string) =>
    denseLayer(weights, `${name}.${part}_proj`, x).reshape([
      -1,
      config.heads,
      config.width / config.heads,
    ]);
  const y = attention(heads("q"), heads("k"), heads("v"), { bias });
  return denseLayer(weights, `${name}.out_proj`, y.reshape(x.shape), "none", "f32");
}

/** x times the sigmoid of 1.702 x. */
function quickGelu(x: Tensor): Tensor {
  return affine(silu(affine(x, 1.702, 0)), 1 / 1.702, 0);
}

const clipText: TextEncoderFamily<ClipTextConfig> = {
  family: "clip-text",
  title: "CLIP-L text encoder",
  kind: "text-encoder",
  namings: [transformers, withoutRoot],
  detect,
  published: [
    {
      title: "CLIP-L",
      fileName: /clip_?l/i,
      config: {
        vocabulary: 49_408,
        width: 768,
        heads: 12,
        hidden: 3072,
        layers: 12,
        positions: 77,
      },
    },
  ],
  tensors,
  create,
  tokenizer: "clip",
};

export default clipText;
