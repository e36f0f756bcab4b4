/** Wan's models of toy size with random weights, one of each kind that takes pictures. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { loadFamilies } from "#runtime/engine/models/families";
import type { TensorSpec } from "#runtime/sdk/model";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { FILES } from "./graph-runs.ts";
import { f32 } from "./stored-tensors.ts";
import { randomArray } from "./tensors.ts";

const TOYS = {
  i2v: "diffusion_models/wan2.1_i2v_toy.safetensors",
  flf2v: "diffusion_models/wan2.1_flf2v_toy.safetensors",
  i2v22: "diffusion_models/wan2.2_i2v_toy.safetensors",
  ti2v: "diffusion_models/wan2.2_ti2v_toy.safetensors",
  vae22: "vae/wan2.2_vae_toy.safetensors",
  clip: "clip_vision/clip_vision_toy.safetensors",
} as const;
/** Its name in its folder. */
export const fileOf = (name: keyof typeof TOYS) => TOYS[name].slice(TOYS[name].indexOf("/") + 1);

function writeRandom(path: string, specs: readonly TensorSpec[], config: object): void {
  const tensors = new Map<string, StoredTensor>();
  for (const [i, { name, shape }] of specs.entries()) {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = randomArray(size, i + 1, 0.05);
    tensors.set(
      name,
      f32(/gamma$|norm.*weight$/.test(name) ? values.map((x) => x + 1) : values, shape),
    );
  }
  writeSafetensors(path, tensors, { config: JSON.stringify(config) });
}

/** Writes all of them into ComfyUI's folders below `root`. */
export async function writeWanToys(root: string): Promise<void> {
  for (const folder of ["diffusion_models", "vae", "clip_vision"])
    mkdirSync(join(root, folder), { recursive: true });
  const families = await loadFamilies();
  const family = (name: string) => {
    const found = families.find((candidate) => candidate.family === name);
    if (found === undefined) throw new Error(`Expected the family ${name}.`);
    return found;
  };
  using encoder = openCheckpoint(join(BUNDLED_MODELS, "text_encoders", FILES.text_encoders));
  const textDim = encoder.tensors.get("shared.weight")?.shape[1] ?? 0;
  const base = { dim: 128, ffnDim: 64, layers: 1, heads: 1, textDim, textLength: 512 };
  const wan = { ...base, timeDim: 32, patch: [1, 2, 2], eps: 1e-6, channels: 16 };
  const picture = (positions: number | null) => ({
    ...wan,
    conditionChannels: 20,
    image: { width: 80, positions },
  });
  const transformers = {
    i2v: picture(null),
    flf2v: picture(514),
    i2v22: { ...wan, conditionChannels: 20, image: null },
    ti2v: { ...wan, channels: 48, conditionChannels: 0, image: null },
  };
  for (const [name, config] of Object.entries(transformers)) {
    const path = join(root, TOYS[name as keyof typeof TOYS]);
    writeRandom(path, family(name === "ti2v" ? "wan22" : "wan").tensors(config), {});
  }
  const level = (
    name: string,
    input: number,
    out: number,
    temporal: boolean,
    resamples = true,
  ) => ({
    name,
    in: input,
    out,
    blocks: 1,
    resamples,
    temporal,
  });
  const half = (prefix: string, times: readonly boolean[]) => ({
    width: 8,
    levels: [
      ...times.map((temporal, i) => level(`${prefix}.${i}`, 8, 8, temporal)),
      level(`${prefix}.${times.length}`, 8, 8, false, false),
    ],
  });
  const vae = {
    groupedPixels: 1e9,
    latentChannels: 48,
    encoder: half("encoder.downsamples", [false, true, true]),
    decoder: half("decoder.upsamples", [true, true, false]),
  };
  // Names as files have them: a level's parts stand below a second list.
  const named = family("wan22-vae")
    .tensors(vae)
    .map(({ name, shape }) => {
      const inner = /^((?:en|de)coder)\.(down|up)samples\.(\d+)\.(\d+|resampler)\.(.+)$/.exec(name);
      if (inner === null) return { name, shape };
      const [, side, way, index, part, rest] = inner;
      const place = part === "resampler" ? 1 : part;
      return { name: `${side}.${way}samples.${index}.${way}samples.${place}.${rest}`, shape };
    });
  writeRandom(join(root, TOYS.vae22), named, {});
  const clip = { width: 80, heads: 1, hidden: 64, layers: 2, patch: 14, rows: 257, embedding: 16 };
  writeRandom(
    join(root, TOYS.clip),
    family("clip-vision").tensors({ ...clip, form: "original" }),
    {},
  );
}
