import { combo, file, optionalSocket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { modelRecipe } from "#runtime/sdk/recipes";
import { WAN_VIDEO_RADIAL } from "#runtime/sdk/wan-video-values";

export default defineNode({
  type: "WanVideoModelLoader",
  title: "WanVideo: load model",
  category: "wanvideo wrapper",
  description:
    "A Wan model for the nodes of ComfyUI-WanVideoWrapper. Attention is dense in every mode but radial_sage_attention.",
  version: 1,
  inputs: {
    model: file("diffusion_models"),
    base_precision: combo(["fp32", "bf16", "fp16", "fp16_fast"], {
      default: "bf16",
      advanced: true,
      tooltip: "Means nothing here: weights stay as they are in the file.",
    }),
    quantization: combo([
      "disabled",
      "fp8_e4m3fn",
      "fp8_e4m3fn_fast",
      "fp8_e4m3fn_scaled",
      "fp8_e4m3fn_scaled_fast",
      "fp8_e5m2",
      "fp8_e5m2_fast",
      "fp8_e5m2_scaled",
      "fp8_e5m2_scaled_fast",
    ]),
    load_device: combo(["main_device", "offload_device"], { advanced: true }),
    attention_mode: combo([
      "sdpa",
      "flash_attn_2",
      "flash_attn_3",
      "sageattn",
      "sageattn_3",
      "flex_attention",
      "radial_sage_attention",
      "sageattn_compiled",
      "sageattn_ultravico",
      "comfy",
    ]),
    compile_args: optionalSocket("WANCOMPILEARGS"),
    block_swap_args: optionalSocket("BLOCKSWAPARGS"),
    lora: optionalSocket("WANVIDLORA"),
  },
  outputs: { model: output("WANVIDEOMODEL") },
  run: (context, { model, quantization, attention_mode, lora = [] }) => {
    const checkpoint = context.models.identify(
      context.modelPath("diffusion_models", model),
      "diffusion",
    );
    const recipe = modelRecipe(checkpoint, weightType(quantization));
    return {
      model: {
        recipe: { ...recipe, loras: lora },
        isRadial: attention_mode === "radial_sage_attention",
        radial: WAN_VIDEO_RADIAL,
      },
    };
  },
});

/** Scaled float8 is how the file is stored, not what is made of it. */
function weightType(
  quantization: string,
): "default" | "fp8_e4m3fn" | "fp8_e4m3fn_fast" | "fp8_e5m2" {
  if (quantization.includes("scaled")) return "default";
  if (quantization === "fp8_e4m3fn_fast") return quantization;
  if (quantization.startsWith("fp8_e4m3fn")) return "fp8_e4m3fn";
  return quantization.startsWith("fp8_e5m2") ? "fp8_e5m2" : "default";
}
