import { boolean, file, float, optionalSocket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

const lora = file("loras", { extra: ["none"], default: "none" });
const strength = float({ default: 1, min: -10, max: 10, step: 0.0001 });

export default defineNode({
  type: "WanVideoLoraSelectMulti",
  title: "WanVideo: LoRAs",
  category: "wanvideo wrapper",
  description: "Up to five LoRAs behind those that come before them.",
  version: 1,
  inputs: {
    lora_0: lora,
    strength_0: strength,
    lora_1: lora,
    strength_1: strength,
    lora_2: lora,
    strength_2: strength,
    lora_3: lora,
    strength_3: strength,
    lora_4: lora,
    strength_4: strength,
    prev_lora: optionalSocket("WANVIDLORA"),
    low_mem_load: boolean({ default: false, advanced: true }),
    merge_loras: boolean({ default: true, advanced: true }),
  },
  outputs: { lora: output("WANVIDLORA") },
  run: (context, inputs) => {
    const chosen = [
      [inputs.lora_0, inputs.strength_0],
      [inputs.lora_1, inputs.strength_1],
      [inputs.lora_2, inputs.strength_2],
      [inputs.lora_3, inputs.strength_3],
      [inputs.lora_4, inputs.strength_4],
    ] as const;
    const loras = chosen
      .filter(([name, factor]) => name !== "none" && factor !== 0)
      .map(([name, factor]) => ({ path: context.modelPath("loras", name), strength: factor }));
    return { lora: [...(inputs.prev_lora ?? []), ...loras] };
  },
});
