import { predictHunyuan } from "../hunyuan-inputs.ts";
import { jointDitCheck } from "../joint-dit-check.ts";

export const hunyuanDit = jointDitCheck({
  name: "hunyuan-dit",
  family: "hunyuan-video",
  textTokens: "text_len",
  predict: predictHunyuan,
});
