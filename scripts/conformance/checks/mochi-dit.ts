import { jointDitCheck } from "../joint-dit-check.ts";
import { predictMochi } from "../mochi-inputs.ts";

export const mochiDit = jointDitCheck({
  name: "mochi-dit",
  family: "mochi",
  textTokens: "text_tokens",
  predict: predictMochi,
});
