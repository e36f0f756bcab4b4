/** Names of the tensors of Wan's transformers: in the original repositories and in diffusers. */
import type { Naming } from "#runtime/sdk/model";

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

/** The original's naming is column 0, diffusers' column 1. */
export function wanNaming(id: string, column: 0 | 1): Naming {
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
