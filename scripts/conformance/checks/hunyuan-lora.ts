import { predictHunyuan } from "../hunyuan-inputs.ts";
import { loraCheck } from "../lora-check.ts";

export const hunyuanLora = loraCheck({
  name: "hunyuan-lora",
  transformer: "hunyuan-dit",
  predict: predictHunyuan,
});
