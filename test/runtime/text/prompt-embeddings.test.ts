import { expect, test } from "vitest";
import { takeEmbeddings } from "#runtime/text/prompt-embeddings";

// As ComfyUI's tokeniser takes a text apart when no embedding file is found.
test.each([
  ["a cat", ["a cat"], []],
  ["embedding:bad", [], ["bad"]],
  ["a cat embedding:bad", ["a cat "], ["bad"]],
  ["a cat embedding:bad in  rain", ["a cat ", "in rain"], ["bad"]],
  ["a embedding:one embedding:two b", ["a ", "b"], ["one", "two"]],
  ["embedding:bad, rain", [", rain"], ["bad"]],
  ["embedding:bad<lora:x> y", ["<lora:x> y"], ["bad"]],
  ["myembedding:x", ["myembedding:x"], []],
  ["embedding: x", [], ["x"]],
  ["", [], []],
] as [string, string[], string[]][])("%j", (text, pieces, names) => {
  const mentions = takeEmbeddings(text);
  expect(mentions.names).toEqual(names);
  expect(mentions.pieces).toEqual(pieces);
});
