import { expect, test } from "vitest";
import { parseDocument } from "#runtime/graph/document";
import type { ModelFile } from "#runtime/protocol/service-values";
import { unfitLoras } from "../../../../renderer/panels/models/unfit-loras.ts";

const file = (name: string, kind: string, family: string | null): ModelFile => ({
  folder: kind === "lora" ? "loras" : "diffusion_models",
  name,
  path: name,
  bytes: 1,
  family,
  kind,
  precision: null,
  problem: null,
});
const files = [
  file("wan.safetensors", "diffusion", "Wan 2.1"),
  file("hunyuan.safetensors", "diffusion", "HunyuanVideo text to video"),
  file("style.safetensors", "lora", "Wan image to video"),
  file("look.safetensors", "lora", "HunyuanVideo or Flux"),
  file("portrait.safetensors", "lora", "Stable Diffusion 3"),
  file(
    "any.safetensors",
    "lora",
    "a diffusers transformer (HunyuanVideo, Flux, Qwen-Image, LTX ...)",
  ),
  file("odd.safetensors", "lora", null),
];
const graph = (...models: string[]) =>
  parseDocument({
    umbel: 1,
    nodes: Object.fromEntries(
      models.map((unet_name, i) => [`m${i}`, { type: "UNETLoader", values: { unet_name } }]),
    ),
    links: [],
  });

test("LoRAs of another family are told, those that may fit are not", () => {
  expect([...unfitLoras(graph("wan.safetensors"), files)]).toEqual([
    ["look.safetensors", "made for HunyuanVideo or Flux"],
    ["portrait.safetensors", "made for Stable Diffusion 3"],
  ]);
  expect([...unfitLoras(graph("hunyuan.safetensors"), files).keys()]).toEqual([
    "style.safetensors",
    "portrait.safetensors",
  ]);
  expect([...unfitLoras(graph("wan.safetensors", "hunyuan.safetensors"), files).keys()]).toEqual([
    "portrait.safetensors",
  ]);
});

test("nothing is said of a graph whose model is not known", () => {
  expect(unfitLoras(graph("lost.safetensors"), files).size).toBe(0);
  expect(unfitLoras(null, files).size).toBe(0);
});
