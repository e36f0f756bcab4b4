import { loraCheck } from "../lora-check.ts";
import { predict } from "../wan-inputs.ts";

export const wanLora = loraCheck({ name: "wan-lora", transformer: "wan-dit", predict });
