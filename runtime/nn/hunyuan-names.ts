/** Names of the tensors of HunyuanVideo's transformer: in the original repository, in ComfyUI and in diffusers. */
import type { Naming } from "#runtime/sdk/model";
import { tableNaming, type NameGroup } from "#runtime/weights/name-table";

// Names: [original, ComfyUI, diffusers]

const qkv = (prefix: string, parts: readonly string[]) => parts.map((part) => prefix + part);

/** A layer pair behind a timestep or another single row of numbers. */
const embedder = (
  name: string,
  original: readonly [string, string],
  comfy: string,
  diffusers: string,
): NameGroup["rows"] => [
  [`${name}.${original[0]}`, `${comfy}.in_layer`, `${diffusers}.linear_1`],
  [`${name}.${original[1]}`, `${comfy}.out_layer`, `${diffusers}.linear_2`],
];
const REFINER_TEXT = "context_embedder.time_text_embed";
const NAMES: readonly NameGroup[] = [
  {
    prefixes: ["double_blocks.#.", "double_blocks.#.", "transformer_blocks.#."],
    rows: [
      ["img_mod.linear", "img_mod.lin", "norm1.linear"],
      ["img_attn_qkv", "img_attn.qkv", qkv("attn.", ["to_q", "to_k", "to_v"])],
      ["img_attn_q_norm", "img_attn.norm.query_norm", "attn.norm_q"],
      ["img_attn_k_norm", "img_attn.norm.key_norm", "attn.norm_k"],
      ["img_attn_proj", "img_attn.proj", "attn.to_out.0"],
      ["img_mlp.fc1", "img_mlp.0", "ff.net.0.proj"],
      ["img_mlp.fc2", "img_mlp.2", "ff.net.2"],
      ["txt_mod.linear", "txt_mod.lin", "norm1_context.linear"],
      ["txt_attn_qkv", "txt_attn.qkv", qkv("attn.add_", ["q_proj", "k_proj", "v_proj"])],
      ["txt_attn_q_norm", "txt_attn.norm.query_norm", "attn.norm_added_q"],
      ["txt_attn_k_norm", "txt_attn.norm.key_norm", "attn.norm_added_k"],
      ["txt_attn_proj", "txt_attn.proj", "attn.to_add_out"],
      ["txt_mlp.fc1", "txt_mlp.0", "ff_context.net.0.proj"],
      ["txt_mlp.fc2", "txt_mlp.2", "ff_context.net.2"],
    ],
  },
  {
    prefixes: ["single_blocks.#.", "single_blocks.#.", "single_transformer_blocks.#."],
    rows: [
      ["linear1", "linear1", [...qkv("attn.", ["to_q", "to_k", "to_v"]), "proj_mlp"]],
      ["linear2", "linear2", "proj_out"],
      ["q_norm", "norm.query_norm", "attn.norm_q"],
      ["k_norm", "norm.key_norm", "attn.norm_k"],
      ["modulation.linear", "modulation.lin", "norm.linear"],
    ],
  },
  {
    prefixes: [
      "txt_in.individual_token_refiner.blocks.#.",
      "txt_in.individual_token_refiner.blocks.#.",
      "context_embedder.token_refiner.refiner_blocks.#.",
    ],
    rows: [
      ["norm1", "norm1", "norm1"],
      ["self_attn_qkv", "self_attn.qkv", qkv("attn.", ["to_q", "to_k", "to_v"])],
      ["self_attn_proj", "self_attn.proj", "attn.to_out.0"],
      ["norm2", "norm2", "norm2"],
      ["mlp.fc1", "mlp.0", "ff.net.0.proj"],
      ["mlp.fc2", "mlp.2", "ff.net.2"],
      ["adaLN_modulation.1", "adaLN_modulation.1", "norm_out.linear"],
    ],
  },
  {
    prefixes: ["", "", ""],
    rows: [
      ["img_in.proj", "img_in.proj", "x_embedder.proj"],
      ["txt_in.input_embedder", "txt_in.input_embedder", "context_embedder.proj_in"],
      ...embedder(
        "txt_in.t_embedder",
        ["mlp.0", "mlp.2"],
        "txt_in.t_embedder",
        `${REFINER_TEXT}.timestep_embedder`,
      ),
      ...embedder(
        "txt_in.c_embedder",
        ["linear_1", "linear_2"],
        "txt_in.c_embedder",
        `${REFINER_TEXT}.text_embedder`,
      ),
      ...embedder("time_in", ["mlp.0", "mlp.2"], "time_in", "time_text_embed.timestep_embedder"),
      ...embedder(
        "vector_in",
        ["in_layer", "out_layer"],
        "vector_in",
        "time_text_embed.text_embedder",
      ),
      ...embedder(
        "guidance_in",
        ["mlp.0", "mlp.2"],
        "guidance_in",
        "time_text_embed.guidance_embedder",
      ),
      ["final_layer.linear", "final_layer.linear", "proj_out"],
      [
        "final_layer.adaLN_modulation.1",
        "final_layer.adaLN_modulation.1",
        { swapped: "norm_out.linear" },
      ],
    ],
  },
];

/** The original's first, which are the canonical ones. */
export const hunyuanNamings: readonly Naming[] = [
  tableNaming("original", 0, NAMES),
  tableNaming("comfyui", 1, NAMES),
  tableNaming("diffusers", 2, NAMES),
];
