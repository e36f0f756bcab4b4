import { combo, file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { modelRecipe } from "#runtime/sdk/recipes";

export default defineNode({
  type: "UNETLoader",
  title: "Load diffusion model",
  category: "loaders",
  description: "A diffusion transformer from the folder diffusion_models (or unet).",
  version: 1,
  inputs: {
    unet_name: file("diffusion_models"),
    weight_dtype: combo(["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"], {
      advanced: true,
      tooltip:
        "Type in which weights are kept; default keeps the file's. " +
        "fast keeps the blocks' with a scale a row and multiplies in float8 where the device can.",
    }),
  },
  outputs: { MODEL: output("MODEL") },
  run: (context, { unet_name, weight_dtype }) => {
    const path = context.modelPath("diffusion_models", unet_name);
    return { MODEL: modelRecipe(context.models.identify(path, "diffusion"), weight_dtype) };
  },
});
