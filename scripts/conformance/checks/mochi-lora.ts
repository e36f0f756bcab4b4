import { loraCheck } from "../lora-check.ts";
import { predictMochi } from "../mochi-inputs.ts";

export const mochiLora = loraCheck({
  name: "mochi-lora",
  transformer: "mochi-dit",
  predict: predictMochi,
});
