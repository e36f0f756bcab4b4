import { expect, test } from "vitest";
import { parseDocument } from "#runtime/graph/document";
import type { Download, ModelFile } from "#runtime/protocol/service-values";
import { downloadWords } from "../../../../renderer/panels/models/download-row.tsx";
import {
  kindGroups,
  namesInUse,
  shortHash,
} from "../../../../renderer/panels/models/model-kinds.ts";

const file = (folder: string, name: string): ModelFile => ({
  folder,
  name,
  path: `/m/${folder}/${name}`,
  bytes: 1,
  family: null,
  kind: null,
  precision: null,
  problem: null,
});

test("files stand by what they are for", () => {
  const groups = kindGroups([
    file("vae", "v"),
    file("loras", "b"),
    file("loras", "a"),
    file("upscale", "u"),
  ]);
  expect(groups.map(({ title, files }) => [title, files.map(({ name }) => name)])).toEqual([
    ["LoRAs", ["a", "b"]],
    ["Text encoders and VAE", ["v"]],
    ["Others", ["u"]],
  ]);
});

test("a file is in use when a node names it, in subgraphs too", () => {
  const document = parseDocument({
    umbel: 1,
    nodes: { a: { type: "UNETLoader", values: { unet_name: "x.safetensors", note: "plain" } } },
    subgraphs: {
      s: { title: "s", nodes: { b: { type: "VAELoader", values: { vae_name: "v.gguf" } } } },
    },
  });
  expect([...namesInUse([document])]).toEqual(["x.safetensors", "v.gguf"]);
});

test("hashes are shortened in the middle", () => {
  expect(shortHash(`64a7${"0".repeat(56)}c0e1`)).toBe("64a7…c0e1");
});

test("a download says host, speed and time left, or why it stopped", () => {
  const download: Download = {
    id: "d",
    url: "https://host/x",
    host: "huggingface.co",
    folder: "vae",
    name: "x",
    state: "running",
    received: 9.6e9,
    total: 16.4e9,
    bytesPerSecond: 74e6,
    sha256: null,
    error: null,
  };
  expect(downloadWords(download)).toBe("huggingface.co · 74 MB/s · 1:32 left");
  expect(downloadWords({ ...download, total: null })).toBe("huggingface.co · 74 MB/s");
  expect(downloadWords({ ...download, state: "paused" })).toBe("huggingface.co · paused");
  const error = { code: "ERR_FILE", message: "Expected 64a7..., got 90fe...." };
  expect(downloadWords({ ...download, state: "failed", error })).toBe(error.message);
});
