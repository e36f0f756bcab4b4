import { boolean, combo, int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoTorchCompileSettings",
  title: "WanVideo: compile settings",
  category: "wanvideo wrapper",
  description: "Kept for graphs that have it: kernels are compiled before they are shipped here.",
  version: 1,
  inputs: {
    backend: combo(["inductor", "cudagraphs"]),
    fullgraph: boolean({ default: false }),
    mode: combo(["default", "max-autotune", "max-autotune-no-cudagraphs", "reduce-overhead"]),
    dynamic: boolean({ default: false }),
    dynamo_cache_size_limit: int({ default: 64, min: 0, max: 1024 }),
    compile_transformer_blocks_only: boolean({ default: true }),
    dynamo_recompile_limit: int({ default: 128, min: 0, max: 1024 }),
  },
  outputs: { torch_compile_args: output("WANCOMPILEARGS") },
  run: () => ({ torch_compile_args: null }),
});
