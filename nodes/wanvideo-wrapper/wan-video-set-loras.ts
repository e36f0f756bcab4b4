import { optionalSocket, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoSetLoRAs",
  title: "WanVideo: apply LoRAs",
  category: "wanvideo wrapper",
  description: "Adds LoRAs to a loaded model.",
  version: 1,
  inputs: { model: socket("WANVIDEOMODEL"), lora: optionalSocket("WANVIDLORA") },
  outputs: { model: output("WANVIDEOMODEL") },
  run: (_context, { model, lora = [] }) => ({
    model: { ...model, recipe: { ...model.recipe, loras: [...model.recipe.loras, ...lora] } },
  }),
});
