/** Small files of the known families, by shrinking the bundled model: same names, an eighth of each larger size. */
import type { AnyFamily } from "#runtime/engine/models/families";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { ModelFolders } from "#runtime/engine/model-folders";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { readFileSync } from "node:fs";
import type { ScratchFolder } from "./scratch-file.ts";

export interface ModelSeed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One of each bundled kind, and the transformer in the forms of ComfyUI's files. */
export function modelSeeds(scratch: ScratchFolder, families: readonly AnyFamily[]): ModelSeed[] {
  const folders = new ModelFolders([BUNDLED_MODELS]);
  const small = (folder: string) => shrink(folders.path(folder, folders.list(folder)[0] ?? ""));
  const transformer = small("diffusion_models");
  const seeds: Record<string, Map<string, StoredTensor>> = {
    transformer,
    vae: small("vae"),
    "text-encoder": small("text_encoders"),
    prefixed: mapNames(transformer, (name) => `model.diffusion_model.${name}`),
    scaled: scaledFp8(transformer),
  };
  if (families.length === 0) throw new RangeError("Expected model families, got none.");
  const metadata = { num_heads: "2" };
  return Object.entries(seeds).map(([name, tensors]) => {
    const path = scratch.write("seed.safetensors", "");
    writeSafetensors(path, tensors, metadata);
    return { name, bytes: readFileSync(path) };
  });
}

const BLOCK = /^(?:blocks|encoder\.block)\.([1-9]\d*)\./;

function shrink(path: string): Map<string, StoredTensor> {
  using file = openCheckpoint(path);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { shape, storedType }] of file.tensors) {
    if (BLOCK.test(name)) continue;
    const small = shape.map((size, axis) =>
      size >= 16 && !isLatent(name, axis) ? Math.max(1, Math.floor(size / 8)) : size,
    );
    const count = small.reduce((product, size) => product * size, 1);
    if (storedType === "U8")
      tensors.set(name, { storedType, shape: [16], bytes: new Uint8Array(16) });
    else {
      const values = Uint16Array.from({ length: count }, (_, i) => 0x3c00 + (i % 64));
      tensors.set(name, { storedType: "BF16", shape: small, bytes: new Uint8Array(values.buffer) });
    }
  }
  return tensors;
}

/** The latent's channels tell kin of the transformer apart, so they keep their number. */
function isLatent(name: string, axis: number): boolean {
  return axis === 0
    ? name.startsWith("head.head.")
    : axis === 1 && name === "patch_embedding.weight";
}

function mapNames(tensors: ReadonlyMap<string, StoredTensor>, to: (name: string) => string) {
  return new Map([...tensors].map(([name, tensor]) => [to(name), tensor]));
}

function scaledFp8(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  const one = new Uint8Array(new Float32Array([0.5]).buffer);
  const result = new Map<string, StoredTensor>([
    ["scaled_fp8", { storedType: "F8_E4M3", shape: [0], bytes: new Uint8Array() }],
  ]);
  for (const [name, tensor] of tensors) {
    if (!/attn\.[qkvo]\.weight$/.test(name)) result.set(name, tensor);
    else {
      const bytes = new Uint8Array(tensor.bytes.length / 2).fill(0x38);
      result.set(name, { storedType: "F8_E4M3", shape: tensor.shape, bytes });
      result.set(name.replace(/weight$/, "scale_weight"), {
        storedType: "F32",
        shape: [],
        bytes: one,
      });
    }
  }
  return result;
}
