/**
 * The visual tower of CLIP (arXiv 2103.00020; ViT-H/14 of open-clip's xlm-roberta-large-vit-huge-14; checked against the
 * Wan2.1 repository): patches and a class token, pre-norm blocks with exact GELU. Models that take pictures read the rows
 * before the last block.
 */
import { UmbelError } from "#runtime/errors";
import { denseLayer } from "#runtime/nn/dense-layer";
import { replace } from "#runtime/nn/replace";
import type {
  CheckpointHeader,
  ClipVisionFamily,
  ClipVisionFeatures,
  ClipVisionModel,
  Naming,
  TensorPiece,
  TensorSpec,
  WeightPreparation,
  Weights,
} from "#runtime/sdk/model";
import { add, attention, cat, layerNorm, linear } from "#runtime/tensor/ops";
import { keep, scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { blockCount } from "#runtime/weights/block-count";

interface ClipVisionConfig {
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
  readonly layers: number;
  readonly patch: number;
  /** Patches of a picture and the class token. */
  readonly rows: number;
  /** Width of the embedding that pictures and texts share. */
  readonly embedding: number;
  /** Embeddings and head as the original stores them, or as transformers does. */
  readonly form: "original" | "transformers";
}

/** Head width of every published tower; the bundled shapes do not tell it. */
const HEAD_DIM = 80;
const EPS = 1e-5;
const COLOURS = 3;

// Names

/** [canonical, transformers] outside of the blocks and inside of one. */
const TOP_NAMES: readonly (readonly [string, string])[] = [
  ["cls_embedding", "vision_model.embeddings.class_embedding"],
  ["pos_embedding", "vision_model.embeddings.position_embedding.weight"],
  ["patch_embedding.weight", "vision_model.embeddings.patch_embedding.weight"],
  ["pre_norm.weight", "vision_model.pre_layrnorm.weight"],
  ["pre_norm.bias", "vision_model.pre_layrnorm.bias"],
  ["post_norm.weight", "vision_model.post_layernorm.weight"],
  ["post_norm.bias", "vision_model.post_layernorm.bias"],
  ["head", "visual_projection.weight"],
];
const BLOCK_NAMES: readonly (readonly [string, string])[] = [
  ["norm1", "layer_norm1"],
  ["attn.proj", "self_attn.out_proj"],
  ["norm2", "layer_norm2"],
  ["mlp.0", "mlp.fc1"],
  ["mlp.2", "mlp.fc2"],
];
const topNames = new Map(TOP_NAMES.map(([to, from]) => [from, to]));
const blockNames = new Map(BLOCK_NAMES.map(([to, from]) => [from, to]));

/** The visual part of the two-tower checkpoint has its names below "visual.". */
const original: Naming = {
  id: "original",
  canonical(name) {
    const own = name.replace(/^visual\./, "");
    const known =
      /^(cls_embedding|pos_embedding|head|patch_embedding\.weight|(pre|post)_norm\.(weight|bias)|transformer\.\d+\.(norm[12]|attn\.(to_qkv|proj)|mlp\.[02])\.(weight|bias))$/;
    return known.test(own) ? own : null;
  },
};

const transformers: Naming = {
  id: "transformers",
  canonical(name): string | TensorPiece | null {
    const top = topNames.get(name);
    if (top !== undefined) return top;
    const [, index, part = "", suffix] =
      /^vision_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
    if (index === undefined) return null;
    const run = ["q", "k", "v"].findIndex((letter) => part === `self_attn.${letter}_proj`);
    if (run >= 0) return { name: `transformer.${index}.attn.to_qkv.${suffix}`, run };
    const block = blockNames.get(part);
    return block === undefined ? null : `transformer.${index}.${block}.${suffix}`;
  },
};

// Configuration

function detect(header: CheckpointHeader): ClipVisionConfig | null {
  const shape = (name: string) => header.tensors.get(name)?.shape ?? [];
  const [width = 0, colours, patch = 0] = shape("patch_embedding.weight");
  const classShape = shape("cls_embedding");
  const rows = shape("pos_embedding").at(-2) ?? 0;
  const [hidden = 0] = shape("transformer.0.mlp.0.weight");
  const head = shape("head");
  const side = Math.sqrt(rows - 1);
  if (colours !== COLOURS || classShape.at(-1) !== width || head.length !== 2) return null;
  if (!(width > 0 && patch > 0 && hidden > 0 && rows > 1 && Number.isInteger(side))) return null;
  const heads = Number(stated(header, "vision_heads") ?? width / HEAD_DIM);
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0) return null;
  const form = classShape.length === 1 ? "transformers" : "original";
  return {
    width,
    heads,
    hidden,
    layers: blockCount(header.tensors.keys(), "transformer."),
    patch,
    rows,
    embedding: head[form === "original" ? 1 : 0] ?? 0,
    form,
  };
}

function stated(header: CheckpointHeader, key: string): unknown {
  try {
    const config: unknown = JSON.parse(header.metadata["config"] ?? "{}");
    return Object(config)[key];
  } catch {
    return undefined;
  }
}

function tensors(config: ClipVisionConfig): TensorSpec[] {
  const { width, hidden, patch, rows, embedding, form } = config;
  const result: TensorSpec[] = [];
  const isOriginal = form === "original";
  const layer = (name: string, out: number, input?: number) => {
    result.push({ name: `${name}.weight`, shape: input === undefined ? [out] : [out, input] });
    result.push({ name: `${name}.bias`, shape: [out] });
  };
  result.push(
    { name: "cls_embedding", shape: isOriginal ? [1, 1, width] : [width] },
    { name: "pos_embedding", shape: isOriginal ? [1, rows, width] : [rows, width] },
    { name: "patch_embedding.weight", shape: [width, COLOURS, patch, patch] },
  );
  layer("pre_norm", width);
  const runs = [width, width, width];
  for (let i = 0; i < config.layers; i++) {
    const block = `transformer.${i}`;
    layer(`${block}.norm1`, width);
    result.push({ name: `${block}.attn.to_qkv.weight`, shape: [3 * width, width], runs });
    result.push({ name: `${block}.attn.to_qkv.bias`, shape: [3 * width], runs });
    layer(`${block}.attn.proj`, width, width);
    layer(`${block}.norm2`, width);
    layer(`${block}.mlp.0`, hidden, width);
    layer(`${block}.mlp.2`, width, hidden);
  }
  layer("post_norm", width);
  result.push({ name: "head", shape: isOriginal ? [width, embedding] : [embedding, width] });
  return result;
}

// The model

const asMatrix: WeightPreparation = {
  key: "matrix",
  apply: (weight) => weight.reshape([weight.shape[0] ?? 0, -1]),
};
const turned: WeightPreparation = {
  key: "turned",
  apply: (weight) => weight.permute([1, 0]).contiguous(),
};

function rowsOf(part: number, width: number): WeightPreparation {
  return {
    key: `part ${part} of 3`,
    apply: (weight) => weight.slice(0, part * width, (part + 1) * width),
  };
}

function create(config: ClipVisionConfig, weights: Weights): ClipVisionModel {
  return {
    imageSize: Math.sqrt(config.rows - 1) * config.patch,
    forward: (pixels) => forward(config, weights, pixels),
  };
}

function forward(config: ClipVisionConfig, weights: Weights, pixels: Tensor): ClipVisionFeatures {
  const size = Math.sqrt(config.rows - 1) * config.patch;
  if (pixels.shape.join() !== [COLOURS, size, size].join()) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a picture [${COLOURS}, ${size}, ${size}], got [${pixels.shape.join(", ")}].`,
    );
  }
  const [penultimate, embedding] = scope(() => {
    let x = scope(() => embedPatches(config, weights, pixels));
    for (let i = 0; i + 1 < config.layers; i++) x = block(config, weights, i, x);
    const last = scope(() => {
      const rows = block(config, weights, config.layers - 1, x.slice(0, 0));
      const token = norm(weights, "post_norm", rows.slice(0, 0, 1));
      const head = config.form === "original" ? weights.get("head", turned) : weights.get("head");
      return linear(token, head, null);
    });
    return [keep(x), keep(last)] as const;
  });
  return { penultimate, embedding };
}

/** [3, size, size] -> [rows, width], the class token first. */
function embedPatches(config: ClipVisionConfig, weights: Weights, pixels: Tensor): Tensor {
  const { width, patch, rows } = config;
  const side = Math.sqrt(rows - 1);
  const patches = pixels
    .reshape([COLOURS, side, patch, side, patch])
    .permute([1, 3, 0, 2, 4])
    .contiguous()
    .reshape([rows - 1, -1]);
  const embedded = linear(patches, weights.get("patch_embedding.weight", asMatrix), null);
  const token = add(
    embedded.slice(0, 0, 1).device.zeros([1, width], embedded.dtype),
    weights.get("cls_embedding").reshape([1, width]),
  );
  const placed = add(
    cat([token, embedded], 0),
    weights.get("pos_embedding").reshape([rows, width]),
  );
  return norm(weights, "pre_norm", placed);
}

function norm(weights: Weights, name: string, x: Tensor): Tensor {
  return layerNorm(x, {
    weight: weights.get(`${name}.weight`),
    bias: weights.get(`${name}.bias`),
    eps: EPS,
  });
}

/** Frees `x`. */
function block(config: ClipVisionConfig, weights: Weights, index: number, x: Tensor): Tensor {
  const name = `transformer.${index}`;
  const attended = replace(x, (states) => {
    const normed = norm(weights, `${name}.norm1`, states);
    const part = (i: number) => {
      const rows = rowsOf(i, config.width);
      const qkv = `${name}.attn.to_qkv`;
      return linear(
        normed,
        weights.get(`${qkv}.weight`, rows),
        weights.get(`${qkv}.bias`, rows),
      ).reshape([config.rows, config.heads, -1]);
    };
    const y = attention(part(0), part(1), part(2)).reshape(states.shape);
    return add(states, denseLayer(weights, `${name}.attn.proj`, y, "none", "f32"));
  });
  return replace(attended, (states) => {
    const hidden = denseLayer(
      weights,
      `${name}.mlp.0`,
      norm(weights, `${name}.norm2`, states),
      "gelu",
    );
    return add(states, denseLayer(weights, `${name}.mlp.2`, hidden, "none", "f32"));
  });
}

const published: Omit<ClipVisionConfig, "form"> = {
  width: 1280,
  heads: 16,
  hidden: 5120,
  layers: 32,
  patch: 14,
  rows: 257,
  embedding: 1024,
};

const clipVision: ClipVisionFamily<ClipVisionConfig> = {
  family: "clip-vision",
  title: "CLIP vision tower",
  kind: "clip-vision",
  namings: [original, transformers],
  detect,
  published: [
    {
      title: "CLIP ViT-H/14",
      fileName: /clip[_-]?vision|vit[_-]?h|xlm-roberta/i,
      config: { ...published, form: "transformers" },
    },
  ],
  tensors,
  create,
};

export default clipVision;
